"""One cluster for all tests of this folder: PostgreSQL, Redis, two workers, two triggerers, and the sandbox."""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from stack import cluster as stack_cluster
from stack.cluster import Cluster
from stack.home import Home
from stack.results import s3_client
from stack.terminal import Terminal
from tests.operate.statsd import StatsdServer, statsd
from tests.whole.whole import Whole

SETTINGS = {
    "REELWORKS_SETTLE": "1",
    "REELWORKS_BELL_INTERVAL": "1",
    "REELWORKS_RECIPES": str(Path(__file__).with_name("recipes")),
    "REELWORKS_RECIPE": "small",
    "AIRFLOW__DAG_PROCESSOR__MIN_FILE_PROCESS_INTERVAL": "60",  # nobody edits a DAG meanwhile
}


@pytest.fixture(scope="session")
def heard() -> Iterator[StatsdServer]:
    """What all processes of the cluster tell of their work."""
    with statsd() as server:
        yield server


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, heard: StatsdServer) -> Iterator[Cluster]:
    home = Home(Path(tmp_path_factory.mktemp("a cluster")))
    settings = SETTINGS | heard.environment
    with stack_cluster.running(home, Terminal(io.StringIO()), fresh=True, overrides=settings) as cluster:
        cluster.wait_for_dag("process_video", 120)
        yield cluster


@pytest.fixture(scope="module")
def whole(cluster: Cluster) -> Iterator[Whole]:
    whole = Whole(cluster, s3_client(cluster.sandbox["s3"]), f"c{uuid.uuid4().hex[:8]}")
    whole.calm()
    yield whole
    whole.calm()
    whole.until("no job is left", lambda: not whole.left_running(), 60)
