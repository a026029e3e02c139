"""Which figures the bars of the benchmarks let pass."""

from __future__ import annotations

import pytest

from benchmarks import __main__ as bench
from benchmarks import against_stock, waiting
from benchmarks.report import Bar
from benchmarks.running import Load
from benchmarks.waiting import Cost, Waits
from stack import ROOT


def failed(bars: list[Bar]) -> list[str]:
    return [bar.name for bar in bars if not bar.good]


def waits(megabytes: float, cores: float) -> Waits:
    return Waits(Cost(1e8, 0.02, [0.001], 0.0), Cost(1e8 + megabytes * 1e6, 0.02 + cores, [0.002], 0.4), [3.0])


@pytest.mark.parametrize(
    ("jobs", "megabytes", "cores", "beyond"),
    [
        (1000, 149, 0.099, []),
        (1000, 151, 0.101, ["memory added", "CPU added"]),
        (200, 29, 0.019, []),
        (200, 31, 0.021, ["memory added", "CPU added"]),
        (10, 29, 0.019, []),
    ],
)
def test_a_shorter_form_has_less_memory_and_cpu(jobs: int, megabytes: float, cores: float, beyond: list[str]) -> None:
    assert failed(waiting.bars(waits(megabytes, cores), jobs)) == beyond


def loads(stock: float, one_task: float, shipped: float, videos: int = 1) -> dict[str, Load]:
    """One load of each DAG, by its seconds per video."""
    each = zip(against_stock.DAGS, (stock, one_task, shipped), strict=True)
    return {dag_id: Load(seconds * videos, [seconds] * videos, videos, videos) for dag_id, seconds in each}


@pytest.mark.parametrize(
    ("alone", "many", "beyond"),
    [
        ((4.9, 1.8, 4.3), (4.0, 1.0, 2.4), []),
        ((4.9, 1.8, 5.0), (4.0, 1.0, 2.4), ["seconds of one video as encode_video, of stock's"]),
        ((4.9, 5.0, 4.3), (4.0, 1.0, 2.4), ["seconds of one video, of stock's"]),
        ((4.9, 1.8, 4.3), (4.0, 1.4, 2.4), ["throughput at 50, of stock's"]),
    ],
)
def test_neither_of_ours_is_slower_than_stock_with_one_video(
    alone: tuple[float, float, float], many: tuple[float, float, float], beyond: list[str]
) -> None:
    single = {dag_id: [load] for dag_id, load in loads(*alone).items()}

    assert failed(against_stock.bars(single, loads(*many, videos=50))) == beyond


def test_every_benchmark_is_run_with_the_others_or_named_as_run_by_itself() -> None:
    programs = {file.stem for file in (ROOT / "benchmarks").glob("*.py") if "argparse" in file.read_text()}

    assert programs - {"__main__"} == {*bench.BENCHMARKS, *bench.BY_THEMSELVES}
    assert not {*bench.BENCHMARKS} & {*bench.BY_THEMSELVES}
