"""What has to come of each video, said by hand: what a recipe promises is not asked of the code that is judged."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from pathlib import PurePosixPath
from typing import Any, Literal, Self

Fate = Literal["published", "quarantined", "refused", "given up"]
"""``refused``: the work is paid, and its outputs fail a gate. ``given up``: a person marked its task, or it is late."""


@dataclass(frozen=True)
class Output:
    """One file that readers are promised; ``name`` is below the video's place, sizes are in pixels."""

    name: str
    codec: str
    container: str
    width: int
    height: int


@dataclass(frozen=True)
class Expected:
    """One video: its address, its content, its fate, and what of it shows.

    ``size`` in bytes and ``etag`` are the content's, and no other video's. ``place`` is the prefix in the outbox that
    is the video's, with its slash. ``paid`` is how many jobs each service does for it; of a video that was given up,
    how many it may have begun. ``seconds`` is how long it lasts.
    """

    source: str
    size: int
    etag: str
    fate: Fate
    place: str
    outputs: tuple[Output, ...] = ()
    paid: dict[str, int] = field(default_factory=dict)
    seconds: float = 1.0

    @property
    def key(self) -> str:
        """Where it landed, without the bucket."""
        return self.source.removeprefix("s3://").partition("/")[2]

    def as_json(self) -> dict[str, Any]:
        """Return what ``of`` makes the same of."""
        return asdict(self)

    @classmethod
    def of(cls, told: dict[str, Any]) -> Self:
        """Rebuild from JSON."""
        return cls(**{**told, "outputs": tuple(Output(**output) for output in told["outputs"])})


@dataclass(frozen=True)
class Promise:
    """What a recipe makes of one of the drill's clips, which are 320x180: nothing of ByteNite's is scaled up."""

    outputs: tuple[Output, ...]
    paid: dict[str, int]


MEZZANINE = Output("prores_422_hq.mov", "prores", "mov", 320, 180)
CLEAN = Output("denoise.mp4", "h264", "mp4", 320, 180)
WEB = Output("h264_360p.mp4", "h264", "mp4", 320, 180)
PHONE = Output("h264_baseline_360p_600.mp4", "h264", "mp4", 640, 360)

PROMISES = {
    "every": Promise((CLEAN, WEB, PHONE), {"pixop": 1, "bytenite": 1, "openencoder": 1}),
    "archive": Promise((MEZZANINE, WEB), {"pixop": 1, "bytenite": 1}),
    "phones": Promise((WEB, PHONE), {"bytenite": 1, "openencoder": 1}),
}


def expected(source: str, recipe: str, fate: Fate, *, size: int, etag: str) -> Expected:
    """Say what has to come of a video that goes through a recipe to ``s3://outbox``."""
    key = PurePosixPath(source.removeprefix("s3://").partition("/")[2])
    promise = PROMISES[recipe]
    return Expected(
        source=source,
        size=size,
        etag=etag,
        fate=fate,
        place=f"{key.with_suffix('')}/{recipe}/",
        outputs=promise.outputs if fate == "published" else (),
        paid={} if fate == "quarantined" else promise.paid,
    )


def given_up(source: str, service: str, *, size: int, etag: str) -> Expected:
    """Say what may come of a video whose run is deleted while its one job goes on: nothing but that job."""
    key = PurePosixPath(source.removeprefix("s3://").partition("/")[2])
    return Expected(source, size, etag, "given up", f"{key.with_suffix('')}/", paid={service: 1})
