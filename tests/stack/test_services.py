"""The cluster's PostgreSQL and Redis: private, and back with all they had after a crash."""

import stat
from collections.abc import Iterator
from pathlib import Path

import psutil
import psycopg
import pytest
import redis

from stack import session
from stack.broker import Broker
from stack.postgres import Postgres
from stack.processes import Processes


@pytest.fixture
def processes(tmp_path: Path) -> Iterator[Processes]:
    # Only its owner may enter, and its name has a space.
    (tmp_path / "a home").mkdir(mode=0o700)
    owner = Processes(tmp_path / "a home")
    yield owner
    owner.stop()


@pytest.fixture
def postgres(processes: Processes) -> Postgres:
    return Postgres.start(processes.home / "postgres", processes, durable=False)


@pytest.fixture
def broker(processes: Processes) -> Broker:
    return Broker.start(processes.home / "redis", processes)


def connect(postgres: Postgres, password: str | None = None) -> psycopg.Connection:
    where = f"host=127.0.0.1 port={postgres.port} user=airflow dbname=airflow"
    return psycopg.connect(where, password=password or postgres.password, autocommit=True)


def addresses(processes: Processes, name: str) -> set[str]:
    """Where a process listens."""
    pids = session.members(processes.named(name).guard.pid)
    listening = [port for pid in pids for port in psutil.Process(pid).net_connections("all") if port.status == "LISTEN"]
    return {port.laddr.ip for port in listening}


def test_what_was_committed_is_there_after_a_crash_of_the_database(postgres: Postgres) -> None:
    with connect(postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    postgres.crash()

    with connect(postgres) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    assert postgres.processes.deaths == ["postgres"]


def test_what_was_committed_is_there_after_the_database_is_killed(postgres: Postgres) -> None:
    with connect(postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")

    postgres.processes.kill("postgres")
    postgres.wait()

    with connect(postgres) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)


def test_a_database_that_was_stopped_goes_on_at_another_port(postgres: Postgres, processes: Processes) -> None:
    with connect(postgres) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS number")
    processes.stop()

    again = Postgres.start(processes.home / "postgres", processes, durable=False)

    with connect(again) as connection:
        assert connection.execute("SELECT number FROM kept").fetchone() == (7,)
    assert "was interrupted" not in processes.named("postgres").tail(100)


def test_the_database_wants_its_password_and_listens_on_loopback_only(postgres: Postgres) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        connect(postgres, "guessed")
    assert addresses(postgres.processes, "postgres") == {"127.0.0.1"}
    assert stat.S_IMODE((postgres.folder / "password").stat().st_mode) == 0o600


def test_what_was_queued_is_there_after_redis_is_killed(broker: Broker) -> None:
    with redis.Redis.from_url(broker.url) as client:
        client.rpush("queue", "message")

    broker.processes.kill("redis")
    broker.wait()

    with redis.Redis.from_url(broker.url) as client:
        assert client.lpop("queue") == b"message"


def test_redis_wants_its_password_and_listens_on_loopback_only(broker: Broker, processes: Processes) -> None:
    with redis.Redis(port=broker.port) as stranger, pytest.raises(redis.AuthenticationError):
        stranger.ping()
    assert addresses(processes, "redis") == {"127.0.0.1"}
    assert stat.S_IMODE((processes.home / "redis/redis.conf").stat().st_mode) == 0o600
    [server] = session.members(processes.named("redis").guard.pid)
    assert broker.password not in " ".join(psutil.Process(server).cmdline())
