"""Replacing the account's secrets and its password: kept where they are safe, and written nowhere else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reelworks.pixop.operators import PixopRotateSecretOperator, PixopUpdatePasswordOperator
from tests.pixop.conftest import Studio
from tests.sandbox.process import SandboxProcess
from tests.task_process import TaskLife

NAME = "pixop_secret"
SECRET = {"auth": "authSignaturePublicKey", "signature": "apiRequestSignatureSecret"}
ENDPOINT = {"auth": "generate_auth_secret", "signature": "generate_signature_secret"}


@pytest.fixture(params=sorted(SECRET))
def which(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def in_force(studio: Studio, which: str) -> str:
    return str(studio.call("GET", "/accounts/v1/account")["user"][SECRET[which]])


def kept(life: TaskLife, which: str) -> str:
    return str(json.loads(life.variables[NAME])[SECRET[which]])


def rotation(studio: Studio, which: str, **arguments: Any) -> TaskLife:
    return studio.step(PixopRotateSecretOperator, which=which, **{"secret_variable": NAME, **arguments})


def test_a_new_secret_is_kept_in_the_variable_and_written_nowhere_else(
    studio: Studio, which: str, capfd: pytest.CaptureFixture[str]
) -> None:
    studio.settings(new_secret_voids_tokens=True)
    old = in_force(studio, which)
    life = rotation(studio, which)

    assert life.run().state == "success"

    new = in_force(studio, which)
    assert kept(life, which) == new != old
    said = capfd.readouterr()
    for secret in (old, new, old.replace("\n", "\\n"), new.replace("\n", "\\n")):
        assert secret not in life.everything_written + said.out + said.err
    assert life.xcoms["return_value"] == NAME


def test_wherever_it_dies_the_secret_in_force_is_kept_and_replaced_once(studio: Studio, which: str) -> None:
    undisturbed = rotation(studio, which)
    undisturbed.run()

    for kill_at in range(1, undisturbed.points.value + 1):
        before = studio.count(ENDPOINT[which])
        life = rotation(studio, which)
        life.kill_at = kill_at
        assert life.run_until_over().state == "success"
        assert kept(life, which) == in_force(studio, which), f"killed at {kill_at}"
        assert studio.count(ENDPOINT[which]) - before == 1, f"killed at {kill_at}"


def test_a_secret_whose_answer_is_lost_is_read_from_the_account(studio: Studio, which: str) -> None:
    before = studio.count(ENDPOINT[which])
    studio.faults({"kind": "reset_after", "endpoint": ENDPOINT[which], "times": 1})
    life = rotation(studio, which)

    assert life.run().state == "success"
    assert kept(life, which) == in_force(studio, which)
    assert studio.count(ENDPOINT[which]) - before == 1


@pytest.mark.parametrize("name", ["pixop", "", "my_var"])
def test_a_variable_that_airflow_would_show_is_refused_before_anything_is_replaced(studio: Studio, name: str) -> None:
    old = in_force(studio, "signature")
    life = rotation(studio, "signature", secret_variable=name)

    outcome = life.run()
    assert outcome.state == "failed"
    assert "secret" in outcome.error
    assert in_force(studio, "signature") == old


def test_a_variable_that_another_one_hides_is_refused_before_anything_is_replaced(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(f"AIRFLOW_VAR_{NAME.upper()}", "another")
    old = in_force(studio, "signature")

    outcome = rotation(studio, "signature").run()

    assert outcome.state == "failed"
    assert "another value is read" in outcome.error
    assert in_force(studio, "signature") == old


def test_a_variable_that_airflow_does_not_take_leaves_the_old_secret_in_force(
    studio: Studio, which: str, capfd: pytest.CaptureFixture[str]
) -> None:
    old = in_force(studio, which)
    life = rotation(studio, which)
    life.refuses_variables = True

    outcome = life.run()

    assert outcome.state == "up_for_retry"
    assert "could not be written" in outcome.error
    assert in_force(studio, which) == old
    said = capfd.readouterr()
    assert old not in outcome.error + said.out + said.err + life.everything_written


@pytest.fixture
def own_studio(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Studio]:
    """One whose password may be changed."""
    with SandboxProcess(tmp_path / "sandbox", "--only", "s3,pixop") as process:
        studio = Studio(process, tmp_path)
        monkeypatch.setenv("AIRFLOW_CONN_PIXOP_DEFAULT", studio.connection())
        monkeypatch.setenv("AIRFLOW_CONN_PIXOP_NEW", json.dumps({"conn_type": "generic", "password": "bränd-new"}))
        yield studio


def update(studio: Studio) -> TaskLife:
    return studio.step(PixopUpdatePasswordOperator, new_password_conn_id="pixop_new")


def test_a_password_is_set_once_and_written_nowhere(own_studio: Studio, capfd: pytest.CaptureFixture[str]) -> None:
    life = update(own_studio)

    assert life.run().state == "success"
    assert life.run().state == "success"  # a try after one that was lost

    assert own_studio.count("update_password") == 1
    said = capfd.readouterr()
    assert "put it into the connection" in said.out + said.err
    for secret in ("bränd-new", own_studio.access["password"]):
        assert secret not in life.everything_written + said.out + said.err
    assert "return_value" not in life.xcoms


def test_a_password_whose_answer_is_lost_is_tried(own_studio: Studio) -> None:
    own_studio.faults({"kind": "reset_after", "endpoint": "update_password", "times": 1})

    assert update(own_studio).run().state == "success"
    assert own_studio.count("update_password") == 1


def test_without_a_new_password_nothing_is_sent(own_studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AIRFLOW_CONN_PIXOP_NEW", json.dumps({"conn_type": "generic"}))
    outcome = update(own_studio).run()
    assert outcome.state == "failed"
    assert "no password" in outcome.error

    monkeypatch.delenv("AIRFLOW_CONN_PIXOP_NEW")
    outcome = update(own_studio).run()
    assert outcome.state == "failed"
    assert "no connection 'pixop_new'" in outcome.error
    assert own_studio.count("update_password") == 0
