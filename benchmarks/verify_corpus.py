"""What does verification catch, and what does it refuse wrongly? ``python benchmarks/verify_corpus.py [clip]``.

Makes the sixty kinds of damage, the kinds that were held out while the thresholds were set, and a hundred good outputs,
of drawn sources or of a clip with sound, and verifies them all: some ten minutes on two cores.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT / "plugins"), str(ROOT)]

from reelworks.core.presets import Rendition  # noqa: E402
from reelworks.verify.gates import Gates  # noqa: E402
from reelworks.verify.survey import Survey, survey  # noqa: E402
from reelworks.verify.verdict import Verdict  # noqa: E402
from reelworks.verify.verify import verify  # noqa: E402
from tests.verify.cleans import cleans, make_output, make_source  # noqa: E402
from tests.verify.damages import DAMAGES, HOLD_OUT, Damage  # noqa: E402
from tests.verify.sources import Sources  # noqa: E402


def main() -> None:
    """Print a line for each output, and the sums."""
    clip = Path(sys.argv[1]).resolve() if len(sys.argv) > 1 else None
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="reelworks-corpus-") as name:
        sources = Sources(Path(name), clip)
        caught = damaged(DAMAGES, sources)
        held = damaged(HOLD_OUT, sources)
        refused, count = good(Path(name), clip)
    print(f"\ncaught {caught} of {len(DAMAGES)} kinds of damage, and {held} of {len(HOLD_OUT)} held out")
    print(f"refused {refused} of {count} good outputs; {time.monotonic() - began:.0f} s")


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
    main()
