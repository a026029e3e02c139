"""Where links lead, and what they cost whoever never follows one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from reelworks.web.links import LINKS, path_of
from tests.subprocesses import ROOT, fresh


def key(run_id: str = "manual__1", map_index: int | None = -1) -> SimpleNamespace:
    return SimpleNamespace(dag_id="d", run_id=run_id, task_id="group.publish", map_index=map_index)


def test_a_link_names_the_task_instance() -> None:
    assert path_of("manifest", key()) == "/reelworks/dags/d/runs/manual__1/tasks/group.publish/manifest"
    assert path_of("manifest", key(map_index=None)).endswith("/manifest")
    assert path_of("manifest", key(map_index=0)).endswith("/manifest?map_index=0")


def test_a_run_id_stays_one_part_of_the_path() -> None:
    path = path_of("manifest", key("a/../b?c#d+e"))

    assert path == "/reelworks/dags/d/runs/a%2F..%2Fb%3Fc%23d%2Be/tasks/group.publish/manifest"


@pytest.mark.parametrize("base", ["https://studio.example/airflow", "https://studio.example/airflow/"])
def test_an_airflow_below_a_path_is_linked_to_there(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", base)

    assert path_of("manifest", key()).startswith("/airflow/reelworks/dags/d/")


def test_no_two_links_overwrite_each_other() -> None:
    assert len({link.name for link in LINKS}) == len({link.xcom_key for link in LINKS}) == len(LINKS)


def test_the_plugin_costs_who_serves_no_page_nothing(tmp_path: Path) -> None:
    """Every task process loads it."""
    found = fresh(
        """
import sys
from airflow import plugins_manager
plugins, _ = plugins_manager._get_plugins()
ours = next(plugin for plugin in plugins if plugin.name == "reelworks")
heavy = ("reelworks.web.app", "airflow.api_fastapi.core_api.security", "boto3", "botocore")
result = [[app["url_prefix"] for app in ours.fastapi_apps], [name for name in heavy if name in sys.modules]]
""",
        AIRFLOW_HOME=str(tmp_path),
        AIRFLOW__CORE__PLUGINS_FOLDER=str(ROOT / "plugins"),
    )

    assert found == [["/reelworks"], []]


def test_every_page_asks_who_comes_before_it_looks_anything_up() -> None:
    """There is no database here: whatever looked into it first would fail otherwise than with 401."""
    from starlette.testclient import TestClient

    from reelworks.web.app import app

    visitor = TestClient(app)
    paths = [route.path for route in app.routes]

    assert paths
    assert {visitor.get(path.replace("{page}", "manifest")).status_code for path in paths} == {401}
    assert visitor.get("/dags/d/runs/r/tasks/t/no_such_page?map_index=x").status_code == 401
