"""docs/deploy.md: what it says can be done."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
import yaml
from airflow.cli.cli_parser import get_parser
from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend
from airflow.sdk import Connection
from botocore.stub import Stubber

from stack import ROOT
from stack.deployed import SETTINGS
from stack.dotenv import MADE, read
from tests.deploy.composed import compose
from tests.sandbox.process import SandboxProcess
from tests.subprocesses import fresh

MANUAL = (ROOT / "docs" / "deploy.md").read_text()


def test_what_it_has_airflow_do_airflow_can() -> None:
    parser = get_parser()
    # `users` is FAB's, which the image for Kubernetes has.
    commands = set(re.findall(r"\bairflow ((?:pools|rotate)[^`]*)`", re.sub(r"\s+", " ", MANUAL)))

    assert len(commands) == 2
    for command in commands:
        assert parser.parse_args(command.split()).func


def test_every_make_target_and_service_that_it_names_is_there(everything: dict[str, Any]) -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.M))
    told = set(re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \|", MANUAL, re.M))

    named = set(re.findall(r"(?:`|^|; |\w=\w+ )make ([a-z]+)", MANUAL, re.M))
    assert {"secrets", "test"} <= named <= targets
    assert set(everything["services"]) <= set(re.findall(r"[\w-]+", " ".join(told)))


def test_the_memory_that_it_asks_for_is_what_the_limits_come_to(
    config: dict[str, Any], everything: dict[str, Any]
) -> None:
    limits = {name: limits_of(service)["memory"] / 2**30 for name, service in everything["services"].items()}
    told: dict[str, float] = {}
    for names, memory in re.findall(r"^\| ((?:`[\w-]+`(?:, )?)+) \| .*\| ([^|]*) \|$", MANUAL, re.M):
        sizes = [float(n) / (1 if unit == "GB" else 1024) for n, unit in re.findall(r"(\d+) (GB|MB)", memory)]
        services = re.findall(r"[\w-]+", names)
        told |= dict(zip(services, sizes * (len(services) if len(sizes) == 1 else 1), strict=True))
    [(machine, total)] = re.findall(r"(\d+) GB of memory \(the limits below come to ([\d.]+) GB\)", MANUAL)

    assert told == limits
    # `init` is over before the others need theirs.
    assert sum(limits[name] for name in set(config["services"]) - {"init"}) == float(total) < int(machine)


def test_what_is_said_of_capacity_is_what_is_set(config: dict[str, Any]) -> None:
    operating = re.sub(r"\s+", " ", (ROOT / "docs" / "operate.md").read_text())
    slots, cores = SETTINGS["CELERY__WORKER_CONCURRENCY"], limits_of(config["services"]["worker"])["cpus"]

    assert f"two slots for each core that it may use: with compose, {slots} and {cores:g}" in operating
    assert f"hold {SETTINGS['TRIGGERER__CAPACITY']:,} waits each (`[triggerer] capacity`" in operating
    assert f"of `[triggerer] capacity` ({SETTINGS['TRIGGERER__CAPACITY']:,} here)" in operating
    assert f"One carries {SETTINGS['TRIGGERER__CAPACITY']:,} waits" in MANUAL
    assert config["services"]["triggerer"]["deploy"]["replicas"] == 1
    assert "two by default on Kubernetes, `TRIGGERERS=2` with" in operating
    assert yaml.safe_load((ROOT / "deploy" / "helm" / "values.yaml").read_text())["triggerer"]["replicas"] == 2


def limits_of(service: dict[str, Any]) -> dict[str, float]:
    return {name: float(limit) for name, limit in service["deploy"]["resources"]["limits"].items()}


def test_a_value_in_single_quotes_arrives_as_it_is(environment_file: Path, tmp_path: Path) -> None:
    password = r"""p$w ${HOME} $$ #1"x'y\z"""
    quoted = password.replace("'", r"\'")
    [kwargs] = re.findall(r"^AIRFLOW__SECRETS__BACKEND_KWARGS=(.*)$", MANUAL, re.M)
    lines = [f"QUOTED='{quoted}'", f"BARE={password}", f"AS_IN_THE_MANUAL={kwargs}"]
    (tmp_path / "airflow.env").write_text("\n".join(lines))

    said = compose(
        environment_file,
        *("--project-directory", str(tmp_path), "--file", str(ROOT / "docker-compose.yaml")),
        *("config", "--format", "json"),
    )

    assert said.returncode == 0, said.stderr
    for name in ("init", "api-server", "scheduler", "dag-processor", "triggerer", "worker"):
        environment = json.loads(said.stdout)["services"][name]["environment"]
        # What compose prints can be read by it again, so each dollar is doubled.
        arrived = {key: environment[key].replace("$$", "$") for key in ("QUOTED", "BARE", "AS_IN_THE_MANUAL")}
        assert (arrived["QUOTED"], arrived["AS_IN_THE_MANUAL"]) == (password, kwargs), name
        assert arrived["BARE"] != password, "no need for quotes"


def test_a_video_is_uploaded_as_it_says(tmp_path: Path) -> None:
    [code] = re.findall(r"exec worker python -c '\n(.*?)'\n", MANUAL, re.S)
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"a clip")

    with SandboxProcess(tmp_path / "state", "--only=s3") as sandbox:
        access = sandbox.info["s3"]
        extra = {"region_name": access["region"], "service_config": {"s3": {"endpoint_url": access["endpoint"]}}}
        told = {"conn_type": "aws", "login": access["access_key"], "password": access["secret_key"], "extra": extra}
        fresh(
            code.replace("/tmp/clip.mp4", str(clip)),
            AIRFLOW_HOME=str(tmp_path),
            AIRFLOW_CONN_AWS_DEFAULT=json.dumps(told),
        )
        assert sandbox.s3().get_object(Bucket="inbox", Key="clip.mp4")["Body"].read() == b"a clip"


def test_connections_are_found_in_secrets_manager_by_the_names_it_gives(monkeypatch: pytest.MonkeyPatch) -> None:
    [dotted] = re.findall(r"^AIRFLOW__SECRETS__BACKEND=(\S+)$", MANUAL, re.M)
    [kwargs] = re.findall(r"^AIRFLOW__SECRETS__BACKEND_KWARGS=(.*)$", MANUAL, re.M)
    named = re.findall(r"^\| `(\S+)` \| `(\{.*\})` \|$", MANUAL, re.M)
    assert dotted == f"{SecretsManagerBackend.__module__}.{SecretsManagerBackend.__name__}"
    assert [name.rpartition("/")[2] for name, _ in named] == [
        "bytenite_default", "openencoder_default", "pixop_default"
    ]  # fmt: skip

    client = boto3.client("secretsmanager", region_name="eu-central-1")
    backend = SecretsManagerBackend(**json.loads(kwargs))
    monkeypatch.setattr(SecretsManagerBackend, "client", client)
    for name, value in named:
        with Stubber(client) as service:
            service.add_response("get_secret_value", {"SecretString": value}, {"SecretId": name})
            found = backend.get_conn_value(name.rpartition("/")[2])
            service.assert_no_pending_responses()
        assert found is not None
        connection = Connection.from_json(found)
        assert connection.conn_type == json.loads(value)["conn_type"]
        assert connection.password
    with Stubber(client):  # anything asked now is an error
        assert backend.get_conn_value("other") is None
        assert backend.get_variable("REELWORKS_INBOX") is None


def test_the_notifications_queue_is_told_its_policy(tmp_path: Path) -> None:
    [command] = re.findall(r"^python3 -c '(.*?)' > attributes.json$", MANUAL, re.M)

    said = subprocess.run(["python3", "-c", command], cwd=ROOT, capture_output=True, text=True, check=True).stdout

    attributes = json.loads(said)
    assert json.loads(attributes["Policy"])["Statement"][0]["Action"] == "sqs:SendMessage"


def test_the_fernet_key_for_kubernetes_is_one() -> None:
    from cryptography.fernet import Fernet

    [command] = re.findall(r"python3 -c '(import base64.*?)'\)", MANUAL)
    made = subprocess.run(["python3", "-c", command], capture_output=True, text=True, check=True).stdout.strip()

    assert Fernet(made.encode())
    assert len(made) == len(MADE["FERNET_KEY"]()) == len(read(f"FERNET_KEY={made}")["FERNET_KEY"])
