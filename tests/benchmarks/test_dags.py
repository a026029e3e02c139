"""The DAGs of the benchmarks can be read by Airflow, and each benchmark says how it is called."""

from __future__ import annotations

import importlib

import pytest
from airflow.dag_processing.dagbag import DagBag

from benchmarks.__main__ import BENCHMARKS
from stack import ROOT


@pytest.mark.parametrize("folder", ["benchmarks/dags", "benchmarks/stock_dags"])
def test_the_dags_are_what_their_files_say(folder: str) -> None:
    found = DagBag(str(ROOT / folder), bundle_path=ROOT / folder, bundle_name="benchmarks")

    assert found.import_errors == {}
    assert set(found.dags) == {file.stem for file in (ROOT / folder).glob("*.py")}


@pytest.mark.parametrize("name", BENCHMARKS)
def test_the_short_form_of_each_benchmark_has_arguments_that_it_takes(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", [name, *BENCHMARKS[name], "--help"])

    with pytest.raises(SystemExit) as ended:
        importlib.import_module(f"benchmarks.{name}").main()

    assert ended.value.code == 0
    said = capsys.readouterr().out
    assert all(flag in said for flag in BENCHMARKS[name][::2])
