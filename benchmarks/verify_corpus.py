"""What does verification catch, and what does it refuse wrongly? ``python -m benchmarks.verify_corpus [clip]``.

Makes the sixty kinds of damage, the kinds that were held out while the thresholds were set, and a hundred good outputs,
of drawn sources or of a clip with sound, and verifies them all: some ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from benchmarks.ending import ended
from reelworks.core.presets import Rendition
from reelworks.verify.gates import Gates
from reelworks.verify.survey import Survey, survey
from reelworks.verify.verdict import Verdict
from reelworks.verify.verify import verify
from tests.verify.cleans import cleans, make_output, make_source
from tests.verify.damages import DAMAGES, HOLD_OUT, Damage
from tests.verify.sources import Sources

CAUGHT = 58
"""Of the sixty kinds, at least."""


def main() -> int:
    """Print a line for each output, and the sums; return 1 if too little is caught, or anything good refused."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.verify_corpus", description=__doc__.partition("``")[0])
    parser.add_argument(
        "clip", nargs="?", type=lambda text: Path(text).resolve(), help="a video with sound, in place of drawn sources"
    )
    clip: Path | None = parser.parse_args().clip
    if clip is not None and not clip.is_file():
        parser.error(f"there is no file {clip}")
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reelworks-corpus-") as name:
        sources = Sources(Path(name), clip)
        caught = damaged(DAMAGES, sources)
        held = damaged(HOLD_OUT, sources)
        refused, count = good(Path(name), clip)
    print(f"\ncaught {caught} of {len(DAMAGES)} kinds of damage, and {held} of {len(HOLD_OUT)} held out")
    print(f"refused {refused} of {count} good outputs; {time.monotonic() - began:.0f} s")
    return int(caught < CAUGHT or refused > 0)


def damaged(damages: Iterable[Damage], sources: Sources) -> int:
    """Return how many kinds are caught."""
    caught = 0
    for damage in damages:
        output = sources.folder / f"{damage.name}.mp4"
        damage.make(sources, output)
        source = sources.survey(damage.source)
        promised = Rendition(output.name, None, "mp4", "h264", source.film.height, True, True)
        said = verify(output, getattr(sources, damage.source), promised=promised, gates=Gates(), surveyed=source)
        caught += not said.ok
        print(f"{'missed' if said.ok else 'caught':8} {damage.name:26} {_names(said)}", flush=True)
    return caught


def good(folder: Path, clip: Path | None) -> tuple[int, int]:
    """Return how many good outputs are refused, and of how many."""
    surveys = dict[str, Survey]()
    refused = count = 0
    for clean in cleans():
        source = make_source(clean.source, folder, clip)
        if clean.source.name not in surveys:
            surveys[clean.source.name] = survey(source)
        output, promised = make_output(clean, source, folder)
        said = verify(output, source, promised=promised, gates=Gates(), surveyed=surveys[clean.source.name])
        output.unlink()
        count += 1
        refused += not said.ok
        print(f"{'passed' if said.ok else 'REFUSED':8} {clean.name:34} {'; '.join(said.faults)}", flush=True)
    return refused, count


def _names(said: Verdict) -> str:
    return ", ".join(check.name for check in said.checks if not check.ok)


if __name__ == "__main__":
    sys.exit(ended(main))
