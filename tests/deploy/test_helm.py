"""deploy/helm/values.yaml, as far as it can be checked without a cluster.

With the chart at hand (`helm pull --untar apache-airflow/airflow`), REELWORKS_AIRFLOW_CHART names its folder, and the
values are checked against its schema; with `helm` on the PATH, too, its templates are filled in.
"""

import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from reelworks.settings import TABLE
from stack import ROOT
from stack.deployed import SETTINGS
from stack.settings import POOLS
from tests.deploy.options import unknown

VALUES_FILE = ROOT / "deploy" / "helm" / "values.yaml"
VALUES: dict[str, Any] = yaml.safe_load(VALUES_FILE.read_text())
CHART = os.environ.get("REELWORKS_AIRFLOW_CHART")
ENVIRONMENT = {entry["name"]: entry["value"] for entry in VALUES["env"]}


def test_the_image_is_the_one_that_the_dockerfile_makes() -> None:
    compose = yaml.safe_load((ROOT / "docker-compose.yaml").read_text())

    version = compose["x-image"]["image"].rpartition(":")[2]
    assert VALUES["images"]["airflow"]["tag"] == f"{version}-kubernetes"
    assert VALUES["airflowVersion"] == version.partition("airflow")[2]
    assert "AS kubernetes" in (ROOT / "Dockerfile").read_text()
    assert {"apache-airflow-providers-cncf-kubernetes", "apache-airflow-providers-fab"} <= set(_locked("kubernetes"))


def test_what_kubernetes_needs_besides_agrees_with_the_lock() -> None:
    ours = _locked()
    theirs = {name: versions for name, versions in _locked("kubernetes").items() if name in ours}

    assert len(theirs) > 100
    # A package may have one version for each Python.
    assert {name: versions for name, versions in theirs.items() if versions - ours[name]} == {}


def _locked(part: str = "") -> dict[str, set[str]]:
    file = ROOT / (f"deploy/requirements-{part}.txt" if part else "requirements.txt")
    found: dict[str, set[str]] = {}
    for name, version in re.findall(r"^([\w.-]+)(?:\[.*\])?==([^ ]+)", file.read_text(), re.MULTILINE):
        found.setdefault(name, set()).add(version)
    return found


def test_the_settings_are_those_of_the_other_deployments() -> None:
    told = {
        f"{section}__{option}".upper(): value
        for section, options in VALUES["config"].items()
        for option, value in options.items()
    }
    elsewhere = {"CORE__EXECUTOR": VALUES["executor"]}
    # Celery's are Celery's; and a pod is queued until a node has room for it.
    celery = {key for key in SETTINGS if key.startswith("CELERY")}
    waiting = {key for key in SETTINGS if key.startswith("SCHEDULER__TASK_QUEUED_TIMEOUT")}

    same = {key: value for key, value in SETTINGS.items() if key not in celery | waiting | set(elsewhere)}
    assert len(same) > 6
    assert {key: told.get(key) for key in same} == same
    assert not waiting & set(told)
    assert VALUES["executor"] == "KubernetesExecutor"


def test_every_setting_is_an_option_of_this_airflow() -> None:
    told = [(section, option) for section, options in VALUES["config"].items() for option in options]

    assert unknown(told) == []


def test_tasks_are_told_our_settings_and_go_to_pools_that_are_made() -> None:
    assert set(ENVIRONMENT) <= set(TABLE)
    assert {ENVIRONMENT[f"REELWORKS_{pool.upper()}_POOL"] for pool in POOLS} == set(POOLS)
    # By the image's entry point, which starts in /opt/airflow.
    assert VALUES["migrateDatabaseJob"]["args"] == ["python", "deploy/init.py"]
    assert "deploy/init.py" in (ROOT / "Dockerfile").read_text()


def test_no_secret_is_in_it_and_each_that_it_names_is_in_the_manual() -> None:
    manual = (ROOT / "docs" / "deploy.md").read_text()
    named = {VALUES[name] for name in ("fernetKeySecretName", "apiSecretKeySecretName", "jwtSecretName")}
    named |= {VALUES["data"]["metadataSecretName"]} | {entry["secretName"] for entry in VALUES["secret"]}
    keys = {"fernet-key", "api-secret-key", "jwt-secret", "connection"} | {e["secretKey"] for e in VALUES["secret"]}

    for name in named:
        assert f"create secret generic {name} " in manual, name
    for key in keys:
        assert re.search(rf"--from-(literal|file)={key}=", manual), key
    assert {entry["envName"] for entry in VALUES["secret"]} == {
        f"AIRFLOW_CONN_{name}_DEFAULT" for name in ("AWS", "BYTENITE", "OPENENCODER", "PIXOP")
    }
    assert not re.search(r"(?i)\b(password|fernetKey|jwtSecret|apiSecretKey|pass):", VALUES_FILE.read_text())


def test_the_charts_own_database_and_admin_are_off() -> None:
    for part in (VALUES["postgresql"], VALUES["redis"], VALUES["createUserJob"], VALUES["webserver"]["defaultUser"]):
        assert part["enabled"] is False


def test_every_part_of_airflow_has_limits_and_none_is_root() -> None:
    for part in ("scheduler", "dagProcessor", "apiServer", "triggerer", "workers"):
        resources = VALUES[part]["resources"]
        assert {"cpu", "memory"} == set(resources["requests"]), part
        assert "memory" in resources["limits"], part
    assert VALUES["securityContexts"]["pod"]["runAsNonRoot"]
    assert VALUES["securityContexts"]["containers"]["allowPrivilegeEscalation"] is False


@pytest.mark.skipif(CHART is None, reason="REELWORKS_AIRFLOW_CHART names no chart")
def test_the_chart_takes_these_values(tmp_path: Path) -> None:
    import jsonschema

    chart = Path(CHART or "")
    jsonschema.validate(VALUES, json.loads((chart / "values.schema.json").read_text()))
    if helm := shutil.which("helm"):
        command = [helm, "template", "reelworks", str(chart), "--values", str(VALUES_FILE)]
        said = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert said.returncode == 0, said.stderr
        assert VALUES["images"]["airflow"]["tag"] in said.stdout
