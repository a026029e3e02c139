from __future__ import annotations

import re

import pytest

from reelworks import settings
from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.inbox.place import Inbox
from reelworks.settings import TABLE, as_markdown, count, environment, seconds, setting, words
from tests.inbox.airflow_edge import Airflow
from tests.subprocesses import ROOT


def test_a_variable_wins_over_the_environment_and_that_over_the_default(
    airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert setting("REELWORKS_INBOX") == "s3://inbox"
    monkeypatch.setenv("REELWORKS_INBOX", "s3://from-environment")
    assert setting("REELWORKS_INBOX") == "s3://from-environment"
    airflow.variables["REELWORKS_INBOX"] = "s3://from-variable"
    assert setting("REELWORKS_INBOX") == "s3://from-variable"


def test_an_empty_value_is_none(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    airflow.variables["REELWORKS_INBOX"] = " "
    monkeypatch.setenv("REELWORKS_INBOX", "")

    assert setting("REELWORKS_INBOX") == "s3://inbox"


def test_dag_files_look_up_no_variable(airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELWORKS_SWEEP_SCHEDULE", "@hourly")
    airflow.variables["REELWORKS_SWEEP_SCHEDULE"] = "@daily"

    assert environment("REELWORKS_SWEEP_SCHEDULE") == setting("REELWORKS_SWEEP_SCHEDULE") == "@hourly"
    assert not airflow.asked


@pytest.mark.parametrize("value", ["soon", "-1", "nan", "inf", "1e999"])
def test_seconds_that_are_none_are_refused(airflow: Airflow, value: str) -> None:
    airflow.variables["REELWORKS_SETTLE"] = value

    with pytest.raises(BadInputError, match="REELWORKS_SETTLE"):
        seconds("REELWORKS_SETTLE")


@pytest.mark.parametrize("value", ["0", "-3", "many", "1.5", "²"])
def test_a_count_that_is_none_is_refused(airflow: Airflow, value: str) -> None:
    airflow.variables["REELWORKS_IN_FLIGHT"] = value

    with pytest.raises(BadInputError, match="REELWORKS_IN_FLIGHT"):
        count("REELWORKS_IN_FLIGHT")


def test_every_default_is_a_value_that_works(airflow: Airflow) -> None:
    assert [seconds(name) >= 0 for name in ("REELWORKS_SETTLE", "REELWORKS_WATCH_INTERVAL", "REELWORKS_BELL_INTERVAL")]
    assert [count(name) for name in TABLE if name.endswith(("_LIMIT", "_IN_FLIGHT"))]
    inbox = Inbox.from_settings()
    assert (inbox.url, inbox.outbox, inbox.recipe) == ("s3://inbox", "s3://outbox", "web")
    assert Inbox.of(inbox.as_json()) == inbox


def test_lists_may_have_commas_or_spaces(airflow: Airflow) -> None:
    airflow.variables["REELWORKS_SUFFIXES"] = ".mp4, mov\n.MKV"

    assert words("REELWORKS_SUFFIXES") == (".mp4", "mov", ".MKV")


def test_what_a_caller_gives_counts_instead_of_a_setting(airflow: Airflow) -> None:
    inbox = Inbox.from_settings(url="s3://other/folder", recipe=None)

    assert (inbox.url, inbox.recipe) == ("s3://other/folder", "web")


def test_the_table_shows_every_setting_with_its_default() -> None:
    lines = as_markdown().splitlines()

    assert len(lines) == len(TABLE) + 2
    for row in TABLE.values():
        assert any(f"`{row.name}`" in line and row.default in line for line in lines)
    assert settings.SUFFIXES.split() == [suffix.lower() for suffix in settings.SUFFIXES.split()]


def test_the_readme_has_the_table_as_it_is() -> None:
    assert as_markdown() in (ROOT / "README.md").read_text()


def test_whatever_the_code_reads_is_in_the_table_and_the_other_way_round() -> None:
    sources = [file.read_text() for folder in ("plugins", "dags") for file in (ROOT / folder).rglob("*.py")]
    code = "\n".join(text for text in sources if "TABLE = {" not in text)
    named = set(re.findall(r"\bREELWORKS_[A-Z_]*[A-Z]\b", code))
    # dags/process_video.py goes over the services.
    assert 'f"REELWORKS_{service.upper()}_POOL"' in code
    named |= {f"REELWORKS_{service}_POOL" for service in ("BYTENITE", "OPENENCODER", "PIXOP")}

    assert named == set(TABLE)


def test_an_airflow_that_does_not_answer_is_not_taken_for_one_without_the_variable(airflow: Airflow) -> None:
    airflow.variables["REELWORKS_OUTBOX"] = "s3://theirs"
    airflow.silent = True

    with pytest.raises(UnreachableError, match="does not say whether there is a Variable 'REELWORKS_OUTBOX'"):
        setting("REELWORKS_OUTBOX")
