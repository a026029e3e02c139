"""The DAG files: cheap to import, and each runs through in one process with ``dag.test()``."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.house import second_of_video
from tests.sandbox.process import SandboxProcess
from tests.subprocesses import ROOT, fresh

DAGS = sorted(file.name for file in (ROOT / "dags").glob("*.py"))
HEAVY = ("boto3", "botocore", "pandas", "numpy", "requests", "httpx", "airflow.providers.amazon")

IMPORT = """
import os, sys, time
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk import DAG, Param, TriggerRule, get_current_context, task
before, began = set(sys.modules), time.process_time()
bag = DagBag(os.environ["DAG_FILE"])
result = {
    "errors": bag.import_errors,
    "dags": sorted(bag.dags),
    "pulled_in": sorted(set(sys.modules) - before),
    "seconds": time.process_time() - began,
}
"""

WEIGHTS = """
import os
from airflow.dag_processing.dagbag import DagBag
from airflow.serialization.serialized_objects import DagSerialization
from types import SimpleNamespace
result = {}
for dag in DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags.values():
    tasks = DagSerialization.from_dict(DagSerialization.to_dict(dag)).tasks
    weights = {task.task_id: task.weight_rule.get_weight(SimpleNamespace(task=task)) for task in tasks}
    result[dag.dag_id] = weights
"""
HOUSEKEEPING = ("inbox_events", "sweep_inbox", "watch_inbox", "reap_remote")

RUN = """
import os
from airflow.dag_processing.dagbag import DagBag
conf = json.loads(os.environ["CONF"])
run = DagBag(os.environ["DAG_FILE"]).dags[os.environ["DAG"]].test(run_conf=conf)
result = {"run": str(run.state), "tasks": {ti.task_id: str(ti.state) for ti in run.get_task_instances()}}
"""


def airflow(home: Path, dag_file: str, **more: str) -> dict[str, str]:
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "DAG_FILE": str(ROOT / "dags" / dag_file),
        **more,
    }


@pytest.mark.parametrize("dag_file", DAGS)
def test_a_dag_file_imports_without_errors_and_pulls_in_nothing_heavy(dag_file: str, tmp_path: Path) -> None:
    found = fresh(IMPORT, **airflow(tmp_path, dag_file))

    print(f"{dag_file}: {found['seconds']:.2f} s of processor time")  # noqa: T201 - for whoever runs it with -s
    assert found["errors"] == {}
    assert found["dags"]
    heavy = [name for name in found["pulled_in"] if name in HEAVY or name.startswith(tuple(f"{h}." for h in HEAVY))]
    assert heavy == []


def test_when_slots_are_short_noticing_and_reaping_come_first_and_then_who_is_further_on(tmp_path: Path) -> None:
    weights: dict[str, dict[str, int]] = fresh(WEIGHTS, **airflow(tmp_path, "process_video.py"))

    housekeeping = [weight for dag in HOUSEKEEPING for weight in weights.pop(dag).values()]
    assert min(housekeeping) > max(weight for tasks in weights.values() for weight in tasks.values())
    video = weights["process_video"]
    assert video["probe"] < video["enhance"] < video["encode.bytenite_1"] < video["verify_and_publish"]


PUBLISHING = {
    "encode_video": "publish",
    "enhance_video": "publish",
    "encode_on_fleet": "video.publish",
    "process_video": "verify_and_publish",
}
LINKS = """
import os
from airflow.dag_processing.dagbag import DagBag
dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
result = {}
for dag, task in json.loads(os.environ["PUBLISHING"]).items():
    operator = dags[dag].get_task(task)
    operator = operator.operator_class if operator.is_mapped else operator
    result[dag] = sorted(link.name for link in operator.operator_extra_links)
"""


def test_whatever_publishes_a_video_links_to_its_pictures(tmp_path: Path) -> None:
    found = fresh(LINKS, **airflow(tmp_path, ""), PUBLISHING=json.dumps(PUBLISHING))

    assert found == {dag: ["Before / after", "Contact sheet", "Manifest"] for dag in PUBLISHING}


POOLED = """
import os
from airflow.dag_processing.dagbag import DagBag
dags = DagBag(os.environ["AIRFLOW__CORE__DAGS_FOLDER"]).dags
result = {
    dag: {task.task_id: task.pool for task in dags[dag].tasks if task.pool != "default_pool"}
    for dag in ("encode_video", "enhance_video", "process_video")
}
"""


def test_what_has_a_job_at_a_service_is_in_the_services_pool(tmp_path: Path) -> None:
    pools = {f"REELWORKS_{name}_POOL": f"{name.lower()}-jobs" for name in ("BYTENITE", "OPENENCODER", "PIXOP")}

    found = fresh(POOLED, **airflow(tmp_path, ""), **pools)

    assert found["encode_video"] == {
        "encode_with_bytenite": "bytenite-jobs",
        "encode_with_openencoder": "openencoder-jobs",
    }
    assert found["enhance_video"] == {"enhance": "pixop-jobs"}
    of_recipes = {task.rpartition("_")[0]: pool for task, pool in found["process_video"].items() if task != "enhance"}
    assert of_recipes == {"encode.bytenite": "bytenite-jobs", "encode.openencoder": "openencoder-jobs"}
    assert found["process_video"]["enhance"] == "pixop-jobs"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("airflow")
    environment = {**os.environ, **airflow(path, "")}
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    return path


@pytest.fixture(scope="module")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", "s3,bytenite") as process:
        yield process


@pytest.fixture
def connections(sandbox: SandboxProcess) -> dict[str, str]:
    access, bytenite = sandbox.info["s3"], sandbox.info["bytenite"]
    extra = {"endpoint_url": access["endpoint"], "region_name": access["region"]}
    aws = {"conn_type": "aws", "login": access["access_key"], "password": access["secret_key"], "extra": extra}
    service = {"conn_type": "bytenite", "host": bytenite["url"], "password": bytenite["api_key"]}
    return {"AIRFLOW_CONN_AWS_DEFAULT": json.dumps(aws), "AIRFLOW_CONN_BYTENITE_DEFAULT": json.dumps(service)}


@pytest.fixture
def s3(sandbox: SandboxProcess) -> Any:
    return sandbox.s3()


def run(dag: str, home: Path, connections: dict[str, str], conf: dict[str, str]) -> dict[str, Any]:
    environment = airflow(home, f"{dag}.py", DAG=dag, CONF=json.dumps(conf), **connections)
    return dict(fresh(RUN, **environment))


@pytest.mark.airflow
@pytest.mark.parametrize("dag", ["encode_video", "encode_step_by_step"])
def test_a_dag_runs_through_in_one_process(
    dag: str, home: Path, connections: dict[str, str], sandbox: SandboxProcess, s3: Any
) -> None:
    prefix, paid_before = uuid.uuid4().hex, len(sandbox.ledger()["jobs"])
    s3.put_object(Bucket="inbox", Key=f"{prefix}/video.mp4", Body=second_of_video())
    conf = {"source": f"s3://inbox/{prefix}/video.mp4", "destination": f"s3://outbox/{prefix}", "preset": "h264_360p"}

    found = run(dag, home, connections, conf)

    assert found["run"].endswith("success"), found
    assert len(sandbox.ledger()["jobs"]) == paid_before + 1
    assert s3.list_objects_v2(Bucket="outbox", Prefix=f"{prefix}/")["KeyCount"] >= 1


@pytest.mark.airflow
def test_the_steps_end_red_and_leave_no_draft_when_one_fails(
    home: Path, connections: dict[str, str], sandbox: SandboxProcess, s3: Any
) -> None:
    paid_before = len(sandbox.ledger()["jobs"])
    conf = {"source": "s3://inbox/not there.mp4", "destination": "s3://outbox/nowhere", "preset": "h264_360p"}

    found = run("encode_step_by_step", home, connections, conf)

    assert found["run"].endswith("failed"), found
    assert found["tasks"]["abort_job"].endswith("success")
    ledger = sandbox.ledger()
    assert len(ledger["jobs"]) == paid_before
    assert [*ledger["unfinished"], *ledger["drafts"]] == []
