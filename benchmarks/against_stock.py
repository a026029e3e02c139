"""Compare how many videos the same Airflow encodes with ours, and with what a user would write of stock pieces.

``.venv/bin/python -m benchmarks.against_stock [--videos 50]``. The flow is one and the same: ByteNite in the sandbox's
instant mode, an encode to 360 lines, from S3 to S3. The stock DAG is benchmarks/stock_dags/stock_encode.py. Ours is
there twice: as the operator alone, which also checks source and result and never pays twice, and as the shipped
encode_video, which also checks the request and publishes a manifest. The bar for many is for the first, as that is the
same flow; alone, neither may be slower than stock's. Each is measured alone and many at once, in turn, in one Airflow.
"""

from __future__ import annotations

import argparse
import sys

from benchmarks.ending import ended
from benchmarks.instant import instant_clip
from benchmarks.report import Bar, percentile, report, say, shown
from benchmarks.running import Load, Running, median, running

STOCK, ONE_TASK, SHIPPED = "stock_encode", "encode_in_one_task", "encode_video"
DAGS = (STOCK, ONE_TASK, SHIPPED)
PRESET = "h264_360p"
HEADINGS = ("DAG", "videos", "s/video", "p95 s", "videos/min", "task starts", "requests")


def params(dag_id: str, number: int) -> dict[str, str]:
    """Return what a run is told; every video is an object of its own."""
    told = {"source": f"s3://inbox/video-{number}.mp4", "destination": f"s3://outbox/{dag_id}/{number}"}
    return told if dag_id == STOCK else {**told, "preset": PRESET}


def prepare(up: Running, videos: int) -> None:
    """Put the videos there, tell Airflow of ByteNite as a stock connection, and let every DAG have its first run."""
    clip = instant_clip(PRESET)
    for number in range(videos):
        up.s3.put_object(Bucket="inbox", Key=f"video-{number}.mp4", Body=clip)
    service = up.machine.sandbox["bytenite"]
    connection = {"connection_id": "bytenite_http", "conn_type": "http", "host": service["url"]}
    up.call("POST", "connections", json={**connection, "password": service["api_key"]})
    up.wait_for_dags(*DAGS)
    for dag_id in DAGS:
        measured(up, dag_id, 1)


def measured(up: Running, dag_id: str, videos: int) -> Load:
    """Run a DAG for so many videos."""
    load = up.load(dag_id, [params(dag_id, number) for number in range(videos)], "bytenite")
    told = f"{shown(load.per_video, 's')}/video, {load.starts} task starts, {load.requests} requests"
    say(f"{dag_id}, {videos} at once: {told}")
    return load


def compared(up: Running, videos: int, alone: int) -> int:
    """Measure all, and report."""
    single = {dag_id: list[Load]() for dag_id in DAGS}
    for _ in range(alone):
        for dag_id in DAGS:
            single[dag_id].append(measured(up, dag_id, 1))
    many = {dag_id: measured(up, dag_id, videos) for dag_id in DAGS}
    rows = [
        row(dag_id, loads)
        for by in (single, {key: [load] for key, load in many.items()})
        for dag_id, loads in by.items()
    ]
    ratios = throughputs(many)
    note = f"{SHIPPED}, with its manifest: {shown(ratios[SHIPPED], 'x')} the throughput of stock's at {videos}"
    return report("The same encode, ours and of stock pieces", HEADINGS, rows, bars(single, many), [note])


def throughputs(many: dict[str, Load]) -> dict[str, float]:
    """Return how many times stock's throughput ours have with many videos at once."""
    return {dag_id: many[STOCK].per_video / many[dag_id].per_video for dag_id in (ONE_TASK, SHIPPED)}


def bars(single: dict[str, list[Load]], many: dict[str, Load]) -> list[Bar]:
    """Return what has to hold of one video, and of many at once."""
    videos, stock = len(many[STOCK].each), median(single[STOCK])
    return [
        Bar(f"throughput at {videos}, of stock's", throughputs(many)[ONE_TASK], 3.0, "x", least=True),
        Bar("seconds of one video, of stock's", median(single[ONE_TASK]) / stock, 1.0, "x"),
        Bar(f"seconds of one video as {SHIPPED}, of stock's", median(single[SHIPPED]) / stock, 1.0, "x"),
    ]


def row(dag_id: str, loads: list[Load]) -> tuple[str, ...]:
    """Return a line of the table: of several loads the middle one."""
    load = sorted(loads, key=lambda each: each.per_video)[len(loads) // 2]
    videos = len(load.each)
    of_each = [shown(count / videos) for count in (load.starts, load.requests)]
    figures = (shown(load.per_video), shown(percentile(load.each, 0.95)), shown(60 / load.per_video))
    return dag_id, str(videos), *figures, *of_each


def main() -> int:
    """Measure in an Airflow of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--videos", type=int, default=50)
    parser.add_argument("--alone", type=int, default=5, help="how often each DAG runs for one video")
    parser.add_argument("--on", choices=("cluster", "machine"), default="cluster")
    given = parser.parse_args()
    with running(given.on) as up:
        prepare(up, given.videos)
        return compared(up, given.videos, given.alone)


if __name__ == "__main__":
    sys.exit(ended(main))
