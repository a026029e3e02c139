"""One sandbox for all tests of what must hold, and each test once for the house of each service.

``@pytest.mark.only("bytenite")`` is for what only one service can do. ``@pytest.mark.each("endpoint", "endpoints")``
runs a test once for each of the house's own ``endpoints``, given as the argument ``endpoint``.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.guarantees.bytenite_house import ByteNiteHouse
from tests.guarantees.encoder_house import EncoderHouse
from tests.guarantees.house import House
from tests.guarantees.pixop_house import PixopHouse
from tests.sandbox.process import SandboxProcess

HOUSES: dict[str, type[House]] = {house.service: house for house in (ByteNiteHouse, EncoderHouse, PixopHouse)}


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "only(*services): what these services alone can do")
    config.addinivalue_line("markers", "each(argument, attribute): once for each that the house has of the attribute")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "house" not in metafunc.fixturenames:
        return
    only = metafunc.definition.get_closest_marker("only")
    services = list(only.args if only else HOUSES)
    each = metafunc.definition.get_closest_marker("each")
    if each is None:
        metafunc.parametrize("house", services, indirect=True)
        return
    argument, attribute = each.args
    rows = [
        pytest.param(service, value, id=f"{service}-{name}")
        for service in services
        for name, value in named(getattr(HOUSES[service], attribute))
    ]
    metafunc.parametrize(("house", argument), rows, indirect=["house"])


def named(values: Any) -> Iterator[tuple[str, Any]]:
    yield from values.items() if isinstance(values, Mapping) else ((str(value), value) for value in values)


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    with SandboxProcess(tmp_path_factory.mktemp("sandbox"), "--only", ",".join(["s3", *HOUSES])) as process:
        yield process


@pytest.fixture(scope="session")
def s3(sandbox: SandboxProcess) -> Any:
    return sandbox.s3()


@pytest.fixture
def house(
    request: pytest.FixtureRequest,
    sandbox: SandboxProcess,
    s3: Any,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[House]:
    with HOUSES[request.param].opened(sandbox, s3, tmp_path, monkeypatch) as opened:
        yield opened
