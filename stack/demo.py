"""Takes a real video out of S3, has it encoded, and shows what came back."""

import time
from datetime import datetime
from pathlib import Path
from typing import Any

from stack import machine
from stack.clip import sample_clip
from stack.follow import follow
from stack.home import Home
from stack.results import Results, fetch, s3_client
from stack.signals import interruptible
from stack.table import size
from stack.terminal import Terminal

# The wall clock for all of it, for the DAG to be parsed, and for the run; seconds.
LIMIT = 600
PARSED_WITHIN = 90.0
RUN_WITHIN = 300.0
PRESET = "h264_ladder"


def demo(home: Home, terminal: Terminal) -> int:
    """Run the demo to its end, and stop all that was started for it."""
    with interruptible(LIMIT):
        with machine.running(home, terminal, fresh=True) as stack:
            terminal.keep()
            terminal.say(
                f"Airflow {stack.airflow.url}, ByteNite {stack.sandbox['bytenite']['url']},"
                f" S3 {stack.sandbox['s3']['endpoint']} (up after {time.time() - stack.began:.0f} s)"
            )
            _encode(stack, home.path, terminal)
        terminal.say(f"Stopped all. {time.monotonic() - terminal.began:.0f} s in all.")
    return 0


def _encode(stack: machine.Machine, folder: Path, terminal: Terminal) -> None:
    client = s3_client(stack.sandbox["s3"])
    clip = sample_clip(folder)
    client.upload_file(str(clip), "inbox", clip.name)
    params = {
        "source": f"s3://inbox/{clip.name}",
        "destination": "s3://outbox/demo",
        "service": "bytenite",
        "preset": PRESET,
    }
    terminal.say(f"{params['source']} ({size(clip.stat().st_size)})")
    stack.wait_for_dag(machine.DAG, PARSED_WITHIN)
    run_id = stack.airflow.trigger(machine.DAG, params)
    terminal.say(f"Run {run_id} of {machine.DAG}, preset {PRESET}:")
    tasks = follow(stack, machine.DAG, run_id, terminal, RUN_WITHIN)
    results = fetch(client, "outbox", f"demo/{clip.stem}/manifest.json", folder / "outputs")
    _report(results, tasks, stack.ledger(), terminal)


def _report(results: Results, tasks: list[dict[str, Any]], ledger: dict[str, Any], terminal: Terminal) -> None:
    terminal.say(f"\n{results.table()}\n")
    terminal.say(f"Manifest  {results.url}")
    terminal.say(f"Files     {results.folder}")
    terminal.say(f"Cost      {_cost(ledger)}")
    spent = [f"{task['task_id']} {_seconds(task):.1f} s" for task in tasks if task["start_date"]]
    terminal.say(f"Time      {', '.join(spent)}")


def _cost(ledger: dict[str, Any]) -> str:
    totals, wallet = ledger["totals"], ledger["wallet"]
    jobs = "1 job" if totals["jobs"] == 1 else f"{totals['jobs']} jobs"
    return f"{jobs} paid, {totals['amount']} ByteChips; {wallet['availableBalance']} are left in the sandbox's wallet"


def _seconds(task: dict[str, Any]) -> float:
    start, end = (datetime.fromisoformat(task[key]) for key in ("start_date", "end_date"))
    return (end - start).total_seconds()
