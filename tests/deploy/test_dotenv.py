"""`make secrets`."""

import base64
import json
import os
import re
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from sandbox.pixop.accounts import EMAIL
from stack import ROOT
from stack.dotenv import MADE, filled, main, read
from tests.deploy.composed import EXAMPLE, compose
from tests.sandbox.process import SandboxProcess


def test_what_is_missing_is_made_and_the_rest_stays_as_it_is() -> None:
    text, new = filled("# mine\nCOMPOSE_PROFILES=\nADMIN_PASSWORD='my own'\nREDIS_PASSWORD=\n")

    assert text.startswith("# mine\nCOMPOSE_PROFILES=\nADMIN_PASSWORD='my own'\nREDIS_PASSWORD=")
    assert set(new) == set(MADE) - {"ADMIN_PASSWORD"}
    assert read(text)["ADMIN_PASSWORD"] == "my own"
    assert all(len(read(text)[name]) >= 20 for name in new)


def test_a_second_time_changes_nothing() -> None:
    text, _ = filled(EXAMPLE.read_text())

    assert filled(text) == (text, [])


def test_no_two_secrets_and_no_two_files_are_alike() -> None:
    one, other = (read(filled(EXAMPLE.read_text())[0]) for _ in range(2))

    assert len({one[name] for name in MADE} | {other[name] for name in MADE}) == 2 * len(MADE)
    assert len(base64.urlsafe_b64decode(one["FERNET_KEY"])) == 32


def test_the_file_is_its_owners_only_and_secrets_are_not_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE.read_text())

    assert main(tmp_path) == 0

    said, made = capsys.readouterr().out, read((tmp_path / ".env").read_text())
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600
    assert "ADMIN_PASSWORD" in said
    assert not [name for name in MADE if made[name] in said]

    (tmp_path / ".env").chmod(0o644)
    assert main(tmp_path) == 0
    assert ".env lacks nothing." in capsys.readouterr().out
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_it_needs_nothing_but_python(tmp_path: Path) -> None:
    (tmp_path / ".env.example").write_text(EXAMPLE.read_text())
    code = (
        f"import sys; from pathlib import Path; from stack.dotenv import main; sys.exit(main(Path({str(tmp_path)!r})))"
    )

    # -S: without what is installed
    done = subprocess.run([sys.executable, "-S", "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_compose_reads_the_same_values(environment_file: Path) -> None:
    said = compose(environment_file, "config", "--environment").stdout
    theirs = dict(line.partition("=")[::2] for line in said.splitlines())

    ours = read(environment_file.read_text())
    assert len(ours) > len(MADE)
    assert {name: theirs[name] for name in ours} == ours


def test_the_example_names_every_variable_of_the_compose_file_and_no_secret() -> None:
    wanted = set(re.findall(r"\$\{(\w+)", (ROOT / "docker-compose.yaml").read_text()))
    example = EXAMPLE.read_text()

    assert {name for name in wanted if f"{name}=" not in example} <= {
        f"REELWORKS_{service}_POOL" for service in ("BYTENITE", "OPENENCODER", "PIXOP")
    }
    assert not [name for name in MADE if read(example).get(name) != ""]
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()


def test_without_the_sandbox_there_are_no_connections_to_it() -> None:
    text, new = filled(EXAMPLE.read_text().replace("COMPOSE_PROFILES=sandbox", "COMPOSE_PROFILES="))

    assert not [name for name in new if name.startswith(("AIRFLOW_CONN", "REELWORKS_QUEUE"))]
    assert "http://sandbox" not in text


def test_a_connection_of_ones_own_is_kept() -> None:
    mine = 'AIRFLOW_CONN_PIXOP_DEFAULT=\'{"conn_type": "pixop"}\''

    text, new = filled(f"{EXAMPLE.read_text()}{mine}\n")

    assert mine in text
    assert "AIRFLOW_CONN_PIXOP_DEFAULT" not in new
    assert "AIRFLOW_CONN_BYTENITE_DEFAULT" in new


def test_the_connections_open_a_sandbox_that_is_given_the_same_env(
    environment_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    env = read(environment_file.read_text())
    for name in (name for name in MADE if name.startswith("SANDBOX_")):
        monkeypatch.setenv(name, env[name])
    with SandboxProcess(tmp_path / "state") as sandbox:
        info = sandbox.info

    def connection(name: str) -> dict[str, Any]:
        return dict(json.loads(env[f"AIRFLOW_CONN_{name.upper()}_DEFAULT"]))

    aws, encoder, pixop = connection("aws"), connection("openencoder"), connection("pixop")
    assert (aws["login"], aws["password"]) == (info["s3"]["access_key"], info["s3"]["secret_key"])
    assert aws["extra"]["region_name"] == info["s3"]["region"]
    assert connection("bytenite")["password"] == info["bytenite"]["api_key"]
    assert (encoder["login"], encoder["password"]) == (info["openencoder"]["username"], info["openencoder"]["password"])
    assert (pixop["login"], pixop["password"]) == (EMAIL, info["pixop"]["password"])
    assert urlsplit(env["REELWORKS_QUEUE"]).path == urlsplit(info["sqs"]["queue_url"]).path


def test_make_runs_it(tmp_path: Path) -> None:
    quietly = ["make", "--no-print-directory", "--dry-run", "secrets"]  # the tests may be run by a make, too
    said = subprocess.run(quietly, cwd=ROOT, capture_output=True, text=True, check=True).stdout

    assert said.split()[-2:] == ["-m", "stack.dotenv"]
    assert os.access(ROOT / said.split()[0], os.X_OK)
