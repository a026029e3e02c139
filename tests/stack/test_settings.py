import json
import stat
from pathlib import Path

import pytest

from stack.settings import airflow_environment, callers_connections, inbox_settings, sandbox_connections

SANDBOX = {
    "s3": {"endpoint": "http://127.0.0.1:1", "access_key": "key", "secret_key": "secret", "region": "us-east-1"},
    "sqs": {"url": "http://127.0.0.1:4", "queue_url": "http://127.0.0.1:4/000000000000/reelworks-inbox"},
    "bytenite": {"url": "http://127.0.0.1:2", "api_key": "api-key"},
    "pixop": {"url": "http://127.0.0.1:5", "email": "me@example.com", "password": "pass", "team_id": "team"},
    "openencoder": {
        "url": "http://127.0.0.1:3",
        "username": "admin",
        "password": "word",
        "inbound_bucket": "in",
        "outbound_bucket": "out",
    },
}


def test_every_server_is_on_loopback_only(tmp_path: Path) -> None:
    environment = airflow_environment(tmp_path, 8080, {})

    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:8080"


def test_keys_are_made_once_for_a_home_and_for_its_owner_only(tmp_path: Path) -> None:
    def keys(folder: Path) -> list[str]:
        environment = airflow_environment(folder, 8080, {})
        return [environment[f"AIRFLOW__{key}"] for key in ("CORE__FERNET_KEY", "API_AUTH__JWT_SECRET")]

    assert keys(tmp_path / "a") == keys(tmp_path / "a")
    assert not set(keys(tmp_path / "a")) & set(keys(tmp_path / "b"))
    assert stat.S_IMODE((tmp_path / "a/secrets.json").stat().st_mode) == 0o600


def test_the_callers_settings_do_not_leak_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTOR", "CeleryExecutor")
    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", "aws://real:account@")
    monkeypatch.setenv("AWS_PROFILE", "production")
    monkeypatch.setenv("PYTHONPATH", "/elsewhere")
    monkeypatch.setenv("NO_PROXY", "intranet")

    environment = airflow_environment(tmp_path, 8080, sandbox_connections(SANDBOX))

    assert environment["AIRFLOW__CORE__EXECUTOR"] == "LocalExecutor"
    assert "AWS_PROFILE" not in environment
    assert "PYTHONPATH" not in environment
    assert environment["NO_PROXY"] == "intranet,127.0.0.1,localhost"
    aws = json.loads(environment["AIRFLOW_CONN_AWS_DEFAULT"])["extra"]
    assert aws["service_config"]["s3"] == {"endpoint_url": "http://127.0.0.1:1"}
    assert aws["service_config"]["sqs"] == {"endpoint_url": "http://127.0.0.1:4"}
    assert json.loads(environment["AIRFLOW_CONN_BYTENITE_DEFAULT"]) == {
        "conn_type": "bytenite",
        "host": "http://127.0.0.1:2",
        "password": "api-key",
    }
    assert json.loads(environment["AIRFLOW_CONN_OPENENCODER_DEFAULT"]) == {
        "conn_type": "openencoder",
        "host": "http://127.0.0.1:3",
        "login": "admin",
        "password": "word",
        "extra": {"inbound_bucket": "in", "outbound_bucket": "out"},
    }
    assert json.loads(environment["AIRFLOW_CONN_PIXOP_DEFAULT"])["extra"] == {"team_id": "team"}


def test_the_sandboxs_queue_is_read_unless_the_caller_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REELWORKS_QUEUE", raising=False)
    assert inbox_settings(SANDBOX)["REELWORKS_QUEUE"] == "http://127.0.0.1:4/000000000000/reelworks-inbox"

    monkeypatch.setenv("REELWORKS_QUEUE", "https://sqs.eu-central-1.amazonaws.com/1/mine")
    assert inbox_settings(SANDBOX)["REELWORKS_QUEUE"] == "https://sqs.eu-central-1.amazonaws.com/1/mine"


def test_each_service_has_a_pool_unless_the_caller_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELWORKS_PIXOP_POOL", "mine")

    settings = inbox_settings(SANDBOX)

    assert settings["REELWORKS_BYTENITE_POOL"] == "bytenite"
    assert settings["REELWORKS_PIXOP_POOL"] == "mine"


def test_a_real_account_is_taken_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_PROFILE", "production")
    assert "AWS_PROFILE" not in callers_connections()

    monkeypatch.setenv("AIRFLOW_CONN_AWS_DEFAULT", '{"conn_type": "aws"}')
    assert callers_connections()["AIRFLOW_CONN_AWS_DEFAULT"] == '{"conn_type": "aws"}'
    assert callers_connections()["AWS_PROFILE"] == "production"
