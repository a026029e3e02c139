"""The DAG, its form, and its one task: what it looks at and what it leaves in Airflow."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG
from airflow.sdk.exceptions import AirflowException, AirflowRuntimeError
from airflow.sdk.observability import stats
from airflow.sdk.observability.metrics import stats_utils

from reelworks.core.errors import BadInputError, UnreachableError
from reelworks.core.owners import ASSET
from reelworks.reap import reaper
from reelworks.reap.task import HOLDINGS, held_under, reap_remote
from stack import ROOT
from tests.core.test_claim import Store
from tests.guarantees.house import House
from tests.operate.statsd import statsd
from tests.reap.airflow_edge import Airflow
from tests.reap.test_restraint import orphan, there

DAG_FILE = str(ROOT / "dags" / "reap_remote.py")


@pytest.fixture
def dag(airflow: Airflow) -> DAG:
    bag = DagBag(DAG_FILE, collect_dags=False)
    bag.process_file(DAG_FILE)
    assert bag.import_errors == {}
    assert not airflow.asked
    return bag.dags["reap_remote"]  # type: ignore[return-value]


class Instance:
    """The task instance, as far as the task needs it."""

    def __init__(self) -> None:
        self.xcoms: dict[str, Any] = {}
        self.store = Store()

    def xcom_push(self, key: str, value: Any) -> None:
        self.xcoms[key] = value


def reaped(instance: Instance | None = None, **changes: Any) -> dict[str, Any]:
    """Run the task; ``changes`` are what a person changes in the form."""
    params = {"dry_run": True, "services": [*HOLDINGS], "grace": 900, "dags": [], **changes}
    instance = instance or Instance()
    context = {"params": params, "ti": instance, "task_state_store": instance.store}
    return reap_remote(context)  # type: ignore[arg-type]


def test_it_starts_paused_once_at_a_time_and_changes_nothing_by_itself(dag: DAG) -> None:
    assert dag.is_paused_upon_creation
    assert dag.max_active_runs == 1
    assert dag.schedule == "*/30 * * * *"
    assert dag.params["dry_run"] is True
    assert dag.params["services"] == [*HOLDINGS]
    assert dag.params["grace"] == 900
    (task,) = dag.tasks
    assert [asset.name for asset in task.inlets] == [ASSET]


@pytest.mark.parametrize(("told", "dry"), [("act", False), ("report", True), ("ACT NOW", True), ("", True)])
def test_only_the_word_act_makes_it_act(
    monkeypatch: pytest.MonkeyPatch, airflow: Airflow, told: str, dry: bool
) -> None:
    monkeypatch.setenv("REELWORKS_REAP", told)
    monkeypatch.setenv("REELWORKS_REAP_SCHEDULE", "@daily")
    bag = DagBag(DAG_FILE, collect_dags=False)
    bag.process_file(DAG_FILE)

    assert bag.dags["reap_remote"].params["dry_run"] is dry
    assert bag.dags["reap_remote"].schedule == "@daily"


@pytest.mark.parametrize("told", ["a while", "-1", "inf"])
def test_a_grace_that_is_none_is_named_where_the_file_is_imported(monkeypatch: pytest.MonkeyPatch, told: str) -> None:
    monkeypatch.setenv("REELWORKS_REAP_GRACE", told)
    bag = DagBag(DAG_FILE, collect_dags=False)
    bag.process_file(DAG_FILE)

    (said,) = bag.import_errors.values()
    assert f"REELWORKS_REAP_GRACE is '{told}': give a number of seconds" in said


def test_a_connection_that_airflow_does_not_tell_of_is_not_left_out(airflow: Airflow) -> None:
    skipped: dict[str, str] = {}
    assert list(held_under(["acme_nowhere"], HOLDINGS, skipped)) == []
    assert skipped == {"acme_nowhere": "there is no such connection"}

    airflow.silent_at = 1
    with pytest.raises(UnreachableError, match="does not say whether there is a connection 'acme_nowhere'"):
        list(held_under(["acme_nowhere"], HOLDINGS, {}))


def test_the_report_says_what_and_whose_it_is_and_why(
    house: House, airflow: Airflow, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    ours = orphan(house, airflow)

    report = reaped()

    (row,) = report["things"]
    assert row["id"] == ours
    assert row["owner"] == "a_dag.encode, run gone"
    assert (row["why"], row["done"], row["amount"]) == ("its task is failed", "would be ended", "0 ByteChips")
    assert row["age"] > 900
    assert report["counts"] == {"bytenite jobs": {"orphan": 1}}
    assert report["dry_run"] is True
    assert json.loads(json.dumps(report)) == report
    assert "Dry run: nothing was touched" in caplog.text
    assert ours in caplog.text
    for secret in house.secrets:
        assert secret not in caplog.text + json.dumps(report)
    assert there(house) == {ours}


def test_with_a_grace_of_0_in_the_form_what_was_made_just_now_is_ended(
    dag: DAG, house: House, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As somebody does who stops everything."""
    monkeypatch.setattr(reaper, "PAUSE", 0.0)
    ours = orphan(house, airflow)
    for note in airflow.notes.values():
        note["noted"] = time.time()

    assert reaped(dry_run=False)["counts"] == {"bytenite jobs": {"young": 1}}
    assert there(house) == {ours}

    form = deepcopy(dag.params)
    form.update({"dry_run": False, "grace": 0})

    assert reaped(**form.validate())["counts"] == {"bytenite jobs": {"orphan": 1, "ended": 1}}
    assert there(house) == set()


def test_a_connection_that_is_not_there_is_skipped_and_said(
    house: House, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "PAUSE", 0.0)
    ours = orphan(house, airflow)

    report = reaped(dry_run=False)

    skipped = {"openencoder_default": "there is no such connection", "pixop_default": "there is no such connection"}
    assert report["skipped"] == skipped
    assert [row["id"] for row in report["things"]] == [ours]
    assert report["counts"] == {"bytenite jobs": {"orphan": 1, "ended": 1}}
    assert there(house) == set()


def test_other_services_and_dags_can_be_left_out(house: House, airflow: Airflow) -> None:
    orphan(house, airflow)

    assert reaped(services=["pixop"])["counts"] == {}
    assert reaped(dags=["encode_video"])["counts"] == {"bytenite jobs": {"passed over": 1}}


def test_connections_of_one_s_own_are_named_by_a_setting(
    house: House, airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = orphan(house, airflow)
    monkeypatch.setenv("AIRFLOW_CONN_BYTENITE_EU", json.dumps(house.connection()))
    airflow.variables["REELWORKS_REAP_CONNS"] = "bytenite_eu"

    assert [row["id"] for row in reaped()["things"]] == [ours]

    airflow.variables["REELWORKS_REAP_CONNS"] = "bytenite_eu aws_default"
    with pytest.raises(BadInputError, match="'aws_default' is of type 'aws'"):
        reaped()


def test_a_service_that_does_not_answer_fails_the_task_after_the_others_are_reaped_which_the_retry_tells_too(
    open_house: Callable[[str], House], airflow: Airflow, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reaper, "PAUSE", 0.0)
    bytenite, pixop = open_house("bytenite"), open_house("pixop")
    left, ours = orphan(bytenite, airflow), orphan(pixop, airflow)
    bytenite.faults({"endpoint": "list_jobs", "kind": "status"})
    instance = Instance()

    with pytest.raises(AirflowException, match="bytenite jobs, bytenite_default"):
        reaped(instance, dry_run=False)

    report = instance.xcoms["return_value"]
    assert [row["id"] for row in report["things"] if row["done"].startswith("deleted")] == [ours]
    assert list(report["faults"]) == ["bytenite jobs, bytenite_default"]
    assert (there(bytenite), there(pixop)) == ({left}, set())

    bytenite.faults()
    instance.xcoms.clear()  # as Airflow does before the next try
    report = reaped(instance, dry_run=False)

    assert [row["id"] for row in report["things"]] == [left]
    (told,) = report["earlier"]
    assert told.startswith(f"pixop video {ours} (")
    assert ": deleted" in told


def test_a_reaping_that_breaks_off_leaves_its_report(
    house: House, airflow: Airflow, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    monkeypatch.setattr(reaper, "PAUSE", 0.0)
    ids = {orphan(house, airflow) for _ in range(2)}
    airflow.before[5] = lambda: airflow.fall_silent(after=1)  # when one is ended
    instance = Instance()

    with pytest.raises(AirflowRuntimeError):
        reaped(instance, dry_run=False, services=["bytenite"])

    report = instance.xcoms["return_value"]
    assert report["counts"] == {"bytenite jobs": {"orphan": 2, "ended": 1}}
    (gone,) = ids - there(house)
    assert {row["id"]: row["done"] for row in report["things"]} == {
        gone: "deleted",
        (ids - {gone}).pop(): "left: the reaping broke off",
    }
    assert f"bytenite job {gone} " in caplog.text
    assert "left: the reaping broke off" in caplog.text


def test_what_was_ended_is_counted(house: House, airflow: Airflow, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reaper, "PAUSE", 0.0)
    orphan(house, airflow)
    with statsd() as server:
        for name, value in server.environment.items():
            monkeypatch.setenv(name, value)
        stats.initialize(factory=stats_utils.get_stats_factory(), export_legacy_names=True)

        reaped(dry_run=True)
        reaped(dry_run=False)

        server.until(lambda: server.counted["reaped.bytenite.job"] > 0)
        assert server.counted["reaped"] == 1
