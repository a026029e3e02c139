"""What README.md and the other pages name is there: links, files, targets of make, modules, settings."""

import importlib.util
import re
from collections.abc import Iterable
from pathlib import Path

import pytest

from reelworks.settings import TABLE
from tests.deploy.options import unknown
from tests.subprocesses import ROOT

PAGES = [
    ROOT / name for name in ("README.md", "docs/deploy.md", "docs/operate.md", "include/presets/README.md",
                             "include/recipes/README.md", "CHANGELOG.md")
]  # fmt: skip
FOLDERS = ("benchmarks", "dags", "deploy", "docs", "include", "plugins", "sandbox", "stack", "tests")
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


@pages
def test_links_lead_somewhere(page: Path) -> None:
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", page.read_text()) if not link.startswith("http")]

    for link in links:
        file, _, heading = link.partition("#")
        target = page.parent / file if file else page
        assert target.exists(), link
        assert not heading or heading in headings(target), link


def headings(page: Path) -> set[str]:
    told = re.findall(r"^#+ (.*)$", page.read_text(), re.M)
    return {re.sub(r"[^\w -]", "", line).strip().lower().replace(" ", "-") for line in told}


@pages
def test_files_that_are_named_are_there(page: Path) -> None:
    named = re.findall(rf"(?<![\w./])(?:{'|'.join(FOLDERS)})/[\w./-]*", page.read_text())

    assert [name for name in named if not (ROOT / name.rstrip(".")).exists()] == []


@pages
def test_targets_of_make_are_there(page: Path) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    code = "\n".join(re.findall(r"^```sh\n.*?^```|`[^`\n]+`", page.read_text(), re.M | re.S))
    named = set(re.findall(r"(?:^|`|; |\w=\w+ )make ([a-z]+)", code, re.M))

    assert named - targets == set()


@pages
def test_modules_that_are_run_are_there(page: Path) -> None:
    named = set(re.findall(r"python -m (\w+(?:\.\w+)*)", page.read_text()))

    assert [name for name in named if importlib.util.find_spec(name) is None] == []


@pages
def test_settings_are_airflows_or_ours(page: Path) -> None:
    text = page.read_text()
    told = re.findall(r"\bAIRFLOW__([A-Z_]+?)__([A-Z_]*[A-Z])\b", text)
    told += re.findall(r"`\[(\w+)\] (\w+)`", text)
    ours = set(re.findall(r"\bREELWORKS_[A-Z_]*[A-Z]\b", text))

    placeholder = ("section", "option")
    found = {(section.lower(), option.lower()) for section, option in told} - {placeholder}
    assert unknown(found) == []
    assert ours - set(TABLE) - set(of_the_stack()) == set()


def of_the_stack() -> Iterable[str]:
    """Which ports may be asked for, and what the tests take."""
    yield from (f"REELWORKS_{name}_PORT" for name in ("AIRFLOW", "S3", "SQS", "BYTENITE", "OPENENCODER", "PIXOP"))
    yield "REELWORKS_AIRFLOW_CHART"
