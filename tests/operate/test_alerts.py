"""What docs/operate.md has alerts watch is told by the code: each metric, each tag, and each value of it."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from airflow._shared.observability.metrics.metrics_registry import YAML_REGISTRY_PATH, read_metrics_yaml

from reelworks.core import metrics
from reelworks.core.errors import all_errors
from reelworks.core.metrics import METRICS, Metric, status_class
from tests.deploy.options import unknown
from tests.subprocesses import ROOT

MANUAL = (ROOT / "docs" / "operate.md").read_text()
[TABLE] = re.findall(r"^### What to alert on\n\n.*\n\|[-|]+\n((?:\|.*\n)+)", MANUAL, re.M)
ROWS = [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in TABLE.splitlines()]
AIRFLOWS = {metric["name"] for metric in read_metrics_yaml(str(YAML_REGISTRY_PATH))}


def ours(name: str) -> Metric:
    return METRICS[f"reelworks.{name}"]


def values(metric: Metric, tag: str) -> set[str]:
    """Return what the code gives a tag."""
    if tag == "error":
        return {error.__name__ for error in all_errors()}
    given = {
        str(node.value)
        for file in (ROOT / "plugins").rglob("*.py")
        for word in _given(file, metric, tag)
        for node in ast.walk(word)
        if isinstance(node, ast.Constant)
    }
    return given | ({status_class(status) for status in range(200, 600)} if tag == "status" else set())


def _given(file: Path, metric: Metric, tag: str) -> Iterator[ast.expr]:
    """Yield the expressions for a tag in the calls that tell a metric: ``metrics.SIGN_INS.add(result=…)``."""
    [name] = [name for name, value in vars(metrics).items() if value is metric]
    for call in ast.walk(ast.parse(file.read_text())):
        if isinstance(call, ast.Call) and ast.unparse(call.func).removeprefix("metrics.").partition(".")[0] == name:
            yield from (word.value for word in call.keywords if word.arg == tag)


def test_the_table_is_found() -> None:
    assert len(ROWS) > 10
    assert {len(row) for row in ROWS} == {3}


@pytest.mark.parametrize("watched", [row[0] for row in ROWS])
def test_what_is_watched_is_told(watched: str) -> None:
    what, _, tagged = watched.partition(" with ")
    names = re.findall(r"`(.*?)`", what)
    assert names
    if watched.startswith("Airflow's "):
        assert {*names} <= AIRFLOWS
        return
    told = [ours(name) for name in names]
    if tagged:
        [metric], [tag, *wanted] = told, re.findall(r"`(.*?)`", tagged)
        assert tag in metric.tags
        assert wanted
        assert {*wanted} <= values(metric, tag)


@pytest.mark.parametrize("alarm", [row[1] for row in ROWS if "`" in row[1]])
def test_what_it_is_compared_with_is_told_or_can_be_set(alarm: str) -> None:
    for name in re.findall(r"`(.*?)`", alarm):
        option = re.fullmatch(r"\[(\w+)\] (\w+)", name)
        assert not unknown([option.groups()]) if option else ours(name)


def test_a_value_that_no_code_gives_is_noticed() -> None:
    assert values(ours("sign_ins"), "result") == {"accepted", "refused", "unanswered"}
    assert values(ours("api.calls"), "status") == {"2xx", "3xx", "4xx", "5xx", "unanswered"}
