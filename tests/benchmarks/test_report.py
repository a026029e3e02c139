"""What benchmarks print, and what they make of a bar."""

from __future__ import annotations

import math

import pytest

from benchmarks.report import Bar, percentile, report, shown


def test_a_bar_holds_up_to_its_limit_and_not_beyond() -> None:
    assert Bar("most", 150, 150).good
    assert not Bar("most", 150.1, 150).good
    assert Bar("least", 3, 3, least=True).good
    assert not Bar("least", 2.9, 3, least=True).good


@pytest.mark.parametrize("least", [True, False])
def test_what_was_not_measured_does_not_hold(least: bool) -> None:
    assert not Bar("nothing", math.nan, 1, least=least).good


def test_a_percentile_is_a_value_that_was_measured() -> None:
    values = [float(value) for value in range(100, 0, -1)]

    assert (percentile(values, 0.5), percentile(values, 0.95), percentile([7.0], 0.99)) == (51, 96, 7)
    assert math.isnan(percentile([], 0.5))


def test_figures_have_the_digits_they_are_worth() -> None:
    assert [shown(value) for value in (1234.5, 12.34, 1.234, 0.0123, 0)] == ["1,234", "12.3", "1.23", "0.0123", "0.00"]
    assert shown(0.5, "%") == "50.0%"


def test_the_report_says_when_where_and_whether_each_bar_holds(capsys: pytest.CaptureFixture[str]) -> None:
    code = report(
        "Title", ("what", "s"), [("one", "1.0")], [Bar("fast", 2, 1, "s"), Bar("small", 1, 2, "MB")], ["note"]
    )

    said = capsys.readouterr().out
    assert code == 1
    assert "UTC, " in said
    assert "Python 3" in said
    assert [line.split()[-1] for line in said.splitlines() if line.startswith(("fast", "small"))] == ["FAIL", "PASS"]
    assert "note" in said
