"""Who has asked what of Airflow, by rows as its audit log has them (recorded in a drill)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from drill import airflow
from drill.orphans import DAGS
from stack.airflow_api import AirflowApi
from tests.loopback import Server, answers, serving

SINCE = "2026-11-21T21:53:30+00:00"


def row(event: str, dag_id: str | None, run_id: str | None, extra: str | None) -> dict[str, Any]:
    shape = {"task_id": None, "map_index": None, "logical_date": None, "try_number": None, "owner": "Anonymous"}
    return {**shape, "when": "2026-11-21T21:54:28Z", "event": event, "dag_id": dag_id, "run_id": run_id, "extra": extra}


OF_AIRFLOW = [
    row("cli_triggerer", None, None, '{"host_name": "h", "full_command": "[\'airflow\', \'triggerer\']"}'),
    row("running", "process_video", "inbox__1", None),
    row("state mismatch", "process_video", "inbox__1", "Executor reported that the task instance finished"),
]
OF_THE_DRILL = [
    row("trigger_dag_run", "encode_video", "orphan-20", '{"logical_date": null, "method": "POST"}'),
    row("patch_dag_run", "encode_video", "orphan-20", '{"state": "failed", "method": "PATCH"}'),
    row("delete_dag_run", "encode_video", "orphan-20", '{"method": "DELETE"}'),
]
OF_A_PERSON = [
    row("patch_dag_run", "process_video", "inbox__1", '{"state": "failed", "method": "PATCH"}'),
    row("post_pool", None, None, '{"name": "pixop", "slots": 8, "method": "POST"}'),
]


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


def test_what_a_person_asked_is_told_apart_from_what_the_drill_did(server: Server) -> None:
    server.act = answers({"event_logs": [*OF_AIRFLOW, *OF_THE_DRILL, *OF_A_PERSON]})

    others, own = airflow.calls(AirflowApi(server.url), SINCE, own=DAGS)

    assert others == [
        "2026-11-21T21:54:28Z patch_dag_run process_video inbox__1",
        "2026-11-21T21:54:28Z post_pool",
    ]
    assert [call.split()[1] for call in own] == ["trigger_dag_run", "patch_dag_run", "delete_dag_run"]


def test_all_of_a_long_log_is_read_but_for_the_drills_settings(server: Server) -> None:
    page = OF_AIRFLOW[:1] * (airflow.MOST - 1)
    server.acts = [answers({"event_logs": [*page, OF_A_PERSON[0]]}), answers({"event_logs": OF_A_PERSON[1:]})]

    others, _ = airflow.calls(AirflowApi(server.url), SINCE, own=DAGS)

    assert len(others) == 2
    assert [f"offset={offset}&" in asked for offset, asked in zip((0, airflow.MOST), server.asked, strict=True)]
    assert all(f"excluded_events={event}" in asked for event in airflow.SETTINGS for asked in server.asked)
