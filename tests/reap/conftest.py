"""One sandbox for all tests of the reaper, the houses of its services, and an Airflow that ends at the socket."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk.execution_time import task_runner

from reelworks.bytenite import jobs
from reelworks.bytenite.api import delete_job
from reelworks.openencoder import fleet
from reelworks.openencoder.api import cancel_job
from reelworks.pixop.api import delete_video
from reelworks.reap.holdings import Holdings
from reelworks.reap.reaper import Reaper
from reelworks.reap.report import Report
from reelworks.reap.task import HOLDINGS
from reelworks.reap.verdict import Judge
from tests.guarantees.bytenite_house import ByteNiteHouse
from tests.guarantees.encoder_house import EncoderHouse
from tests.guarantees.house import House
from tests.guarantees.pixop_house import PixopHouse
from tests.reap.airflow_edge import Airflow
from tests.sandbox.process import SandboxProcess

HOUSES: dict[str, type[House]] = {house.service: house for house in (ByteNiteHouse, EncoderHouse, PixopHouse)}


SLOW: dict[str, dict[str, Any]] = {
    "bytenite": {"job_seconds": 600},
    "openencoder": {"static_workers": 0},
    "pixop": {"job_seconds": 600},
}
"""By which a service's jobs go on for longer than any test."""


def go_on(house: House) -> None:
    """Let all jobs of the service come to their end."""
    house.settings(**{name: house.calm_settings[name] for name in SLOW[house.service]})


def clear_out(house: House) -> None:
    """Remove what the test has left: with a hundred things of others the next one would take its time."""
    house.faults()
    remove = {"bytenite": delete_job, "openencoder": cancel_job, "pixop": delete_video}
    hook = house.quick.hook_class()
    for thing in house.unfinished():
        hook.answer(remove[house.service](str(thing)))


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", ",".join(["s3", *HOUSES])) as process:
        yield process


@pytest.fixture
def airflow(monkeypatch: pytest.MonkeyPatch) -> Airflow:
    airflow = Airflow()
    monkeypatch.setattr(task_runner, "SUPERVISOR_COMMS", airflow, raising=False)
    return airflow


@pytest.fixture
def open_house(
    sandbox: SandboxProcess, airflow: Airflow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], House]]:
    """Open the house of a service; its jobs go on for longer than any test."""
    monkeypatch.setattr(fleet, "TICK", 0.02)
    monkeypatch.setattr(jobs, "PAUSES", (0.02,) * 4)
    with ExitStack() as stack:

        def opened(service: str) -> House:
            folder = tmp_path / service
            folder.mkdir()
            house = stack.enter_context(HOUSES[service].opened(sandbox, sandbox.s3(), folder, monkeypatch))
            house.settings(**SLOW[service])
            stack.callback(go_on, house)
            stack.callback(clear_out, house)
            return house

        yield opened


@pytest.fixture
def house(request: pytest.FixtureRequest, open_house: Callable[[str], House]) -> House:
    """One house: ByteNite's where a test names none."""
    return open_house(getattr(request, "param", "bytenite"))


@pytest.fixture
def encoder(open_house: Callable[[str], House]) -> House:
    """Open Encoder's; one that rents machines."""
    return open_house("openencoder")


Reap = Callable[..., Report]


@pytest.fixture
def reap() -> Reap:
    """Reap under the default connections of services, in earnest unless told otherwise."""

    def reaped(*services: str, dry_run: bool = False, report: Report | None = None, **judged: Any) -> Report:
        judge = Judge(**{"grace": 900.0, **judged})
        held: list[Holdings] = [kind(f"{service}_default") for service in services for kind in HOLDINGS[service]]
        return Reaper(judge, dry_run=dry_run, sleep=lambda seconds: None).reap(held, report or Report(dry_run))

    return reaped


@pytest.fixture
def pixop(open_house: Callable[[str], House]) -> House:
    """Pixop's; there things lie until they are deleted."""
    return open_house("pixop")
