"""What a service of the sandbox is: an app, work in the background, a line in sandbox.json."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp

from sandbox.faults import FaultBook
from sandbox.seaweed import S3Access
from sandbox.state import StateDir
from sandbox.store import Store
from sandbox.tally import Tally


async def _nothing() -> None:
    """Do nothing: a service without work in the background."""


@dataclass
class Ground:
    """What a service stands on."""

    state: StateDir
    store: Store
    url: str
    s3: S3Access | None
    settings: dict[str, Any]
    book: FaultBook = field(default_factory=FaultBook)
    tally: Tally = field(default_factory=Tally)


@dataclass(frozen=True)
class Running:
    """A built service: `start` takes up work that an earlier sandbox left, `stop` ends all work."""

    app: ASGIApp
    info: dict[str, Any]
    start: Callable[[], Awaitable[None]] = _nothing
    stop: Callable[[], Awaitable[None]] = _nothing


@dataclass(frozen=True)
class Service:
    """An entry of the registry."""

    name: str
    title: str
    usual_port: int
    build: Callable[[Ground], Running]
