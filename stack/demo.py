"""Takes real videos out of S3, has them encoded and enhanced, and shows what came back."""

import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from stack import machine, story
from stack.clip import before_and_after, broken_clip, sample_clip, short_clip, tape_clip
from stack.follow import follow
from stack.home import Home
from stack.results import Results, fetch, outputs_table, s3_client
from stack.signals import interruptible
from stack.table import size, table
from stack.terminal import Terminal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

# The wall clock for all of it, for the DAG to be parsed, and for the run; seconds. Several times what two cores need: a
# machine at other work should come to an end, too.
LIMIT = 1800
PARSED_WITHIN = 180.0
RUN_WITHIN = 900.0


@dataclass(frozen=True)
class Way:
    """One thing that is done to a clip: by which DAG and service, to which preset, and the unit that it is paid in."""

    dag: str
    service: str
    preset: str
    unit: str

    def params(self, clip: str) -> dict[str, str]:
        """Return what the DAG is told."""
        params = {
            "source": f"s3://inbox/{clip}",
            "destination": f"s3://outbox/demo/{self.service}",
            "preset": self.preset,
        }
        return params | ({"service": self.service} if self.dag == machine.DAG else {})


ENCODES = (
    Way(machine.DAG, "bytenite", "h264_ladder", "ByteChips"),
    Way(machine.DAG, "openencoder", "h264_main_720p_3000", "USD of machine time"),
)
ENHANCEMENT = Way("enhance_video", "pixop", "sd_tape_1080p", "USD, by the sandbox's own price list")
SERVICES = ("bytenite", "openencoder", "pixop")


def demo(home: Home, terminal: Terminal) -> int:
    """Run the demo to its end, and stop all that was started for it."""
    with interruptible(LIMIT):
        with machine.running(home, terminal, fresh=True, overrides=story.SETTINGS) as stack:
            terminal.keep()
            where = [f"{name} {stack.sandbox[name]['url']}" for name in SERVICES]
            places = ", ".join([f"Airflow {stack.airflow.url}", *where, f"S3 {stack.sandbox['s3']['endpoint']}"])
            terminal.say(f"{places} (up after {time.time() - stack.began:.0f} s)")
            _show(stack, home.path, terminal)
        terminal.say(f"Stopped all. {time.monotonic() - terminal.began:.0f} s in all.")
    return 0


def _show(stack: machine.Machine, folder: Path, terminal: Terminal) -> None:
    client = s3_client(stack.sandbox["s3"])
    clip = sample_clip(folder)
    tape = tape_clip(clip, folder / "tape.mov")
    for each in (clip, tape):
        client.upload_file(str(each), "inbox", each.name)
        terminal.say(f"s3://inbox/{each.name} ({size(each.stat().st_size)})")
    results, accounts = [], []
    for way, source in [*((way, clip) for way in ENCODES), (ENHANCEMENT, tape)]:
        tasks = _run(stack, way, source.name, terminal)
        key = f"demo/{way.service}/{source.stem}/manifest.json"
        results.append(fetch(client, "outbox", key, folder / "outputs" / way.service))
        accounts.append(_account(way, tasks, stack.ledger(way.service), results[-1]))
    terminal.say(f"\n{outputs_table(results)}\n")
    terminal.say(f"{table(('service', 'seconds', 'cost', 'manifest'), accounts, right=(1,))}\n")
    enhanced = next(iter(results[-1].files))
    picture = before_and_after(tape, enhanced, folder / "outputs" / ENHANCEMENT.service / "before_after.png")
    pictures = _tell(stack, client, clip, tape, folder, terminal)
    terminal.say(f"Files in {folder / 'outputs'}")
    for each in [picture, *pictures]:
        terminal.say(f"Picture: {each}")


def _tell(
    stack: machine.Machine, client: "S3Client", clip: Path, tape: Path, folder: Path, terminal: Terminal
) -> list[Path]:
    """Let videos land, as in everyday use, and see what becomes of them."""
    stack.wait_for_dag(story.DAG, PARSED_WITHIN)
    noticing = f"the DAG {story.NOTICING}"
    stack.wait_for(noticing, lambda: stack.airflow.unpause(story.NOTICING), PARSED_WITHIN)
    hd, broken = short_clip(clip, folder / "hd.mp4"), broken_clip(clip, folder / "broken.mp4")
    landing = {"tape.mov": tape, "hd.mp4": hd, "broken.mp4": broken}
    terminal.say(f"{story.NOTICING} starts {story.DAG}, recipe {story.RECIPE}, for what lands:")
    story.land(client, landing, terminal)
    runs = story.follow_all(stack, len(landing), terminal, RUN_WITHIN)
    told, pictures = story.report(client, runs, folder / "outputs" / "landing")
    terminal.say(f"\n{told}\n")
    return pictures


def _run(stack: machine.Machine, way: Way, clip: str, terminal: Terminal) -> list[dict[str, Any]]:
    stack.wait_for_dag(way.dag, PARSED_WITHIN)
    run_id = stack.airflow.trigger(way.dag, way.params(clip))
    terminal.say(f"{way.dag} with {way.service}, preset {way.preset} (run {run_id}):")
    return follow(stack, way.dag, run_id, way.service, terminal, RUN_WITHIN)


def _account(
    way: Way, tasks: list[dict[str, Any]], ledger: dict[str, Any], result: Results
) -> tuple[str, str, str, str]:
    """Return the row that says what one way took: the seconds of its tasks, and the cost by the sandbox's ledger."""
    seconds = sum(_seconds(task) for task in tasks if task["start_date"] and task["state"] == "success")
    return way.service, f"{seconds:.1f}", f"{ledger['totals']['amount']} {way.unit}", result.url


def _seconds(task: dict[str, Any]) -> float:
    start, end = (datetime.fromisoformat(task[key]) for key in ("start_date", "end_date"))
    return (end - start).total_seconds()
