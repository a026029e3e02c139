"""Runs of process_video in one process with ``dag.test()``, against a sandbox whose jobs end at once."""

from __future__ import annotations

import functools
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.guarantees.house import aws_connection, second_of_video
from tests.process.dag_runs import DagRuns
from tests.sandbox.process import SandboxProcess
from tests.subprocesses import ROOT


@dataclass
class ProcessHouse:
    """The sandbox, an Airflow home, and one test's prefix in each bucket."""

    sandbox: SandboxProcess
    home: Path
    prefix: str
    recipes: Path
    aws_conn_id: str = "aws_default"
    """What the only connection to S3 is called; another one than the default is told by an Airflow Variable."""

    def __post_init__(self) -> None:
        self.s3 = self.sandbox.s3()
        self.mark()

    # Airflow

    @property
    def environment(self) -> dict[str, str]:
        info = self.sandbox.info
        bytenite = {"conn_type": "bytenite", "host": info["bytenite"]["url"], "password": info["bytenite"]["api_key"]}
        connections = {
            self.aws_conn_id.upper(): aws_connection(self.sandbox),
            "BYTENITE_DEFAULT": bytenite,
            **self._more(),
        }
        named = {} if self.aws_conn_id == "aws_default" else {"AIRFLOW_VAR_REELWORKS_AWS_CONN": self.aws_conn_id}
        return {
            **named,
            **airflow_at(self.home),
            "REELWORKS_RECIPES": str(self.recipes),
            **{f"AIRFLOW_CONN_{name}": json.dumps(connection) for name, connection in connections.items()},
        }

    def _more(self) -> dict[str, Any]:
        """The connections of the services that not every test starts."""
        info, more = self.sandbox.info, dict[str, Any]()
        if encoder := info.get("openencoder"):
            login = {"login": encoder["username"], "password": encoder["password"]}
            more["OPENENCODER_DEFAULT"] = {"conn_type": "openencoder", "host": encoder["url"], **login}
        if pixop := info.get("pixop"):
            login = {"login": pixop["email"], "password": pixop["password"], "extra": {"team_id": pixop["team_id"]}}
            more["PIXOP_DEFAULT"] = {"conn_type": "pixop", "host": pixop["url"], **login}
        return more

    def run(self, *sources: str, **params: Any) -> list[dict[str, Any]]:
        """Run the DAG once for each source, one after the other."""
        confs = [{"recipe": "small", "destination": self.destination, "source": each, **params} for each in sources]
        return dag_runs(self.home).run(confs, self.environment)

    def recipe(self, text: str, name: str = "small") -> None:
        (self.recipes / f"{name}.yaml").write_text(text)

    # S3

    @property
    def destination(self) -> str:
        return f"s3://outbox/{self.prefix}"

    def put(self, name: str = "video.mp4", body: bytes | None = None) -> str:
        key = f"{self.prefix}/{name}"
        self.s3.put_object(Bucket="inbox", Key=key, Body=second_of_video() if body is None else body)
        return f"s3://inbox/{key}"

    def keys(self, prefix: str, bucket: str = "outbox") -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
        return sorted(row["Key"] for page in pages for row in page.get("Contents", []))

    @property
    def published(self) -> list[str]:
        """What lies below the destination, by its name there."""
        return [key.removeprefix(f"{self.prefix}/") for key in self.keys(f"{self.prefix}/")]

    @property
    def staged(self) -> list[str]:
        """What was staged since the mark: staging is the bucket's, not one destination's."""
        return [key for key in self._all_staged() if key not in self._staged_before]

    def _all_staged(self) -> list[str]:
        return [key for key in self.keys("_staging/") if not key.startswith("_staging/places/")]

    @property
    def reserved(self) -> list[str]:
        """The places that are kept for a source, or held by a publication; by their address."""
        told = (self.s3.get_object(Bucket="outbox", Key=key) for key in self.keys("_staging/places/"))
        return [place for each in told if (place := json.loads(each["Body"].read())["place"]).find(self.prefix) > 0]

    def read(self, name: str) -> Any:
        return json.loads(self.s3.get_object(Bucket="outbox", Key=f"{self.prefix}/{name}")["Body"].read())

    # The services

    def mark(self) -> None:
        services = [name for name in ("bytenite", "openencoder", "pixop") if name in self.sandbox.info]
        self._staged_before = {*self._all_staged()}
        self.before = {name: {job["id"] for job in self.sandbox.ledger(name)["jobs"]} for name in services}

    def paid(self, service: str = "bytenite") -> int:
        """How many jobs a service was made to run since the mark."""
        return len([job for job in self.sandbox.ledger(service)["jobs"] if job["id"] not in self.before[service]])


def airflow_at(home: Path) -> dict[str, str]:
    """What an Airflow process reads as it starts."""
    return {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__DAGS_FOLDER": str(ROOT / "dags"),
        "AIRFLOW__CORE__PLUGINS_FOLDER": str(ROOT / "plugins"),
        "DAG_FILE": str(ROOT / "dags" / "process_video.py"),
    }


@functools.cache
def dag_runs(home: Path) -> DagRuns:
    """The one process for all runs of a home."""
    return DagRuns(airflow_at(home))


def migrated(path: Path) -> Path:
    """Make an Airflow home with its database."""
    environment = {**os.environ, "AIRFLOW_HOME": str(path), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    subprocess.run([sys.executable, "-m", "airflow", "db", "migrate"], env=environment, check=True, capture_output=True)
    return path
