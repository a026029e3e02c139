"""What Reelworks and Airflow add to a video: from its landing in S3 to its published manifest, with instant services.

``.venv/bin/python -m benchmarks.overhead [--videos 40]``. Videos land in a cluster's inbox, are noticed through S3's
events (``inbox_events``) and go through ``process_video`` with the recipe ``web``: one job at ByteNite makes four
renditions, and all are verified with ffmpeg. The services take no time, so what is left is overhead. First videos land
one after the other, each when the one before is published: that gives the seconds. Then all land at once: that gives
the rate. A manifest counts from when a reader of the bucket sees it.
"""

from __future__ import annotations

import argparse
import sys
import time

from benchmarks.ending import ended
from benchmarks.instant import instant_clip
from benchmarks.report import percentile, report, say, shown
from benchmarks.running import Running, running

DAG, NOTICING, RECIPE = "process_video", "inbox_events", "web"
LARGEST = "h264_1080p"
HEADINGS = ("videos landed", "p50 s", "p95 s", "videos/min", "task starts/video", "of the noticing")
SETTINGS = {"REELWORKS_RECIPE": RECIPE, "REELWORKS_SETTLE": "0", "REELWORKS_BELL_INTERVAL": "1"}
LOOK = 0.2
WITHIN = 600.0


def published(up: Running) -> set[str]:
    """Return the prefixes with a manifest."""
    pages = up.s3.get_paginator("list_objects_v2").paginate(Bucket="outbox")
    keys = [row["Key"] for page in pages for row in page.get("Contents", [])]
    return {key.removesuffix(f"/{RECIPE}/manifest.json") for key in keys if key.endswith("/manifest.json")}


def landed(up: Running, clip: bytes, names: list[str]) -> list[float]:
    """Let videos land together, and return for each the seconds until its manifest is seen."""
    began, seen = dict[str, float](), dict[str, float]()
    for name in names:
        began[name] = time.monotonic()
        up.s3.put_object(Bucket="inbox", Key=f"{name}.mp4", Body=clip)

    def all_seen() -> bool:
        now = time.monotonic()
        seen.update((name, now) for name in published(up) & began.keys() - seen.keys())
        return len(seen) == len(began)

    up.until(f"all of {len(names)} videos are published", all_seen, WITHIN, LOOK)
    return [seen[name] - began[name] for name in names]


def row(up: Running, clip: bytes, what: str, batches: list[list[str]]) -> tuple[str, ...]:
    """Let batches land one after the other; return a line of the table."""
    before = {dag: up.starts(dag) for dag in (DAG, NOTICING)}
    began = time.monotonic()
    took = [seconds for batch in batches for seconds in landed(up, clip, batch)]
    rate = 60 * len(took) / (time.monotonic() - began)
    starts = [shown((up.starts(dag) - before[dag]) / len(took)) for dag in (DAG, NOTICING)]
    found = (what, *(shown(percentile(took, share)) for share in (0.5, 0.95)), shown(rate), *starts)
    say(", ".join(found))
    return found


def main() -> int:
    """Measure on a cluster of its own."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--videos", type=int, default=40, help="how many land at once")
    parser.add_argument("--alone", type=int, default=10, help="how many land one after the other")
    parser.add_argument("--on", choices=("cluster", "machine"), default="cluster")
    given = parser.parse_args()
    with running(given.on, SETTINGS) as up:
        clip = instant_clip(LARGEST)
        up.wait_for_dags(DAG)
        up.until(f"{NOTICING} is switched on", lambda: up.machine.airflow.unpause(NOTICING), 120)
        landed(up, clip, ["first"])
        rows = [
            row(up, clip, f"{given.alone}, one by one", [[f"alone-{number}"] for number in range(given.alone)]),
            row(up, clip, f"{given.videos} at once", [[f"together-{number}" for number in range(given.videos)]]),
        ]
        title = "From landing to published manifest, instant services, recipe web (4 renditions verified)"
        return report(title, HEADINGS, rows, [])


if __name__ == "__main__":
    sys.exit(ended(main))
