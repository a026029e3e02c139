"""docs/deploy.md: what it says can be done."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest
from airflow.cli.cli_parser import get_parser
from airflow.providers.amazon.aws.secrets.secrets_manager import SecretsManagerBackend
from airflow.sdk import Connection
from botocore.stub import Stubber

from stack import ROOT
from stack.dotenv import MADE, read
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
