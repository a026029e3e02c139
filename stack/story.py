"""What Reelworks is for: videos land in S3, and come out enhanced, encoded, verified and published, or quarantined."""

import contextlib
import json
import time
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import requests

from stack.machine import Machine
from stack.processes import NotReady, StackError
from stack.results import check_output
from stack.table import size, table
from stack.terminal import Terminal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

DAG, NOTICING = "process_video", "inbox_events"
RECIPE = "restore_and_web"
LANDING = "landing"
SETTINGS = {
    "REELWORKS_INBOX": f"s3://inbox/{LANDING}",
    "REELWORKS_OUTBOX": "s3://outbox",
    "REELWORKS_RECIPE": RECIPE,
    "REELWORKS_SETTLE": "1",
    "REELWORKS_BELL_INTERVAL": "1",
}
"""What the demo sets: only what lands in a folder of its own is noticed, and soon."""

LOOK = 1.0
HEADINGS = ("landed", "became", "codec", "size", "VMAF")


def land(client: "S3Client", clips: dict[str, Path], terminal: Terminal) -> None:
    """Put the clips where Airflow looks for new ones."""
    for name, clip in clips.items():
        client.upload_file(str(clip), "inbox", f"{LANDING}/{name}")
        terminal.say(f"landed: s3://inbox/{LANDING}/{name} ({size(clip.stat().st_size)})")


def follow_all(stack: Machine, count: int, terminal: Terminal, within: float) -> list[dict[str, Any]]:
    """Show the runs that the landing has started until all ``count`` are over (within seconds); return them.

    :raises NotReady: they were not.
    """
    until, runs, told = time.monotonic() + within, list[dict[str, Any]](), ""
    while len(runs) < count or any(run["state"] not in ("success", "failed") for run in runs):
        if time.monotonic() > until:
            terminal.keep()
            so_far = told or f"no run of {DAG} has begun"
            raise NotReady(f"After {within:.0f} s: {so_far}. A machine that is busy with other work takes longer.")
        stack.processes.check()
        with contextlib.suppress(requests.RequestException):  # a look that fails is no failed run
            runs = stack.airflow.runs(DAG)
            told = ", ".join(sorted(f"{_name(run)} {_at(stack, run)}" for run in runs))
            terminal.show(told or f"{NOTICING} waits for events", told)
        time.sleep(LOOK)
    terminal.keep()
    return sorted(runs, key=_name)


def report(client: "S3Client", runs: list[dict[str, Any]], folder: Path) -> tuple[str, list[Path]]:
    """Read what the runs have left in S3 into ``folder``; return a table of it with the reasons, and the pictures.

    :raises StackError: an output is not what its manifest says, or a run has left neither outputs nor a reason.
    """
    rows, reasons, pictures = list[tuple[str, ...]](), list[str](), list[Path]()
    for run in runs:
        name = _name(run)
        if run["state"] == "failed":
            record = _json(client, f"_quarantine/{LANDING}/{name}.json")
            rows.append((name, f"_quarantine/{LANDING}/{name}.json", "-", "-", "-"))
            reasons.append(f"Quarantined: {record['reason']}")
            continue
        place = f"{LANDING}/{PurePosixPath(name).stem}/{RECIPE}"
        home = folder / PurePosixPath(name).stem
        home.mkdir(parents=True, exist_ok=True)
        manifest = _json(client, f"{place}/manifest.json")
        for output in (output for job in manifest["jobs"] for output in job["outputs"]):
            check_output(client, "outbox", output, home / PurePosixPath(output["key"]).name)
            rows.append((name, output["key"], _codec(output), size(output["size"]), _vmaf(output)))
        for url in manifest["pictures"].values():
            key = url.removeprefix("s3://outbox/")
            pictures.append(home / PurePosixPath(key).name)
            client.download_file("outbox", key, str(pictures[-1]))
    return "\n\n".join([table(HEADINGS, rows, right=(3, 4)), *reasons]), pictures


def _at(stack: Machine, run: dict[str, Any]) -> str:
    if run["state"] in ("success", "failed"):
        return {"success": "published", "failed": "refused"}[run["state"]]
    busy = [task["task_id"] for task in stack.airflow.tasks(DAG, run["dag_run_id"]) if task["state"] in AT_WORK]
    return f"at {' and '.join(sorted(busy))}" if busy else "waits"


AT_WORK = ("running", "deferred", "up_for_retry")


def _name(run: dict[str, Any]) -> str:
    return PurePosixPath(str(run["conf"]["source"])).name


def _json(client: "S3Client", key: str) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(client.get_object(Bucket="outbox", Key=key)["Body"].read())
    except client.exceptions.NoSuchKey:
        raise StackError(f"s3://outbox/{key} is not there: the run has left neither outputs nor a reason.") from None
    return body


def _codec(output: dict[str, Any]) -> str:
    video = output["probe"]["video"][0]
    return f"{video['codec']} {video['width']}x{video['height']}"


def _vmaf(output: dict[str, Any]) -> str:
    found = [check["found"] for check in output["verdict"]["checks"] if check["name"] == "vmaf"]
    return str(found[0]) if found else "-"
