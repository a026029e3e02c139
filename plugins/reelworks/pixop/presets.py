"""Pixop's presets: hand-written YAML, checked strictly, and what they promise of the output."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Self

from pydantic import Field

from reelworks.core.presets import Rendition, digest_of
from reelworks.media.probe import Probe
from reelworks.pixop.fit import check_fit
from reelworks.pixop.parts import Part
from reelworks.pixop.promise import promised, suffix_of
from reelworks.pixop.request import Request

__all__ = ["PixopPreset", "Rendition"]

_START, _END = "startPositionMilliseconds", "endPositionMilliseconds"


class _File(Part):
    """A whole preset file."""

    if_empty = "is empty; give it a description and a request"

    description: str = Field(min_length=1, max_length=200)
    allow_unlisted: bool = False
    request: Request


@dataclass(frozen=True)
class PixopPreset:
    """How to enhance a video. Load one with ``presets.load("pixop", name, PixopPreset)``.

    A ``range_ms`` is ``(start, end)`` in milliseconds, counted from where the preset's own range begins, and it ends
    where that one ends: ``(0, 10_000)`` is the first ten seconds of what the preset would process.
    """

    name: str
    description: str
    request: Request
    allow_unlisted: bool = False

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        """Check hand-written content; an unknown field is an error (pydantic's ValidationError)."""
        allow = isinstance(content, dict) and content.get("allow_unlisted") is True
        file = _File.model_validate(content, context={"allow_unlisted": allow})
        return cls(name, file.description, file.request, file.allow_unlisted)

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        """Refuse: no tool of Pixop's exports presets, so there is nothing that had to be taken as it is."""
        raise ValueError(f"Pixop exports no presets; write it as {name}.yaml, with description and request")

    def body(self, range_ms: tuple[int, int] | None = None) -> dict[str, Any]:
        """Give the body of the process-video call."""
        body = self.request.body()
        if range_ms is not None:
            start, end = self.span_ms(range_ms)
            body["range"] = {_START: start, _END: end}
        return body

    def span_ms(self, range_ms: tuple[int, int] | None = None) -> tuple[int, int | None]:
        """Give start and end of what is processed, from the source's start; ``None`` is the source's end."""
        own = self.request.range
        start = own.startPositionMilliseconds or 0 if own else 0
        end = own.endPositionMilliseconds if own else None
        if range_ms is None:
            return start, end
        ends = [start + range_ms[1], *([] if end is None else [end])]
        begin, stop = start + range_ms[0], min(ends)
        if not start <= begin < stop:
            raise ValueError(f"the range {range_ms} ms leaves nothing of the {self.name} preset's own")
        return begin, stop

    def preview_ms(self, seconds: float, source: Probe) -> tuple[int, int]:
        """Give the ``range_ms`` of ``seconds`` out of the middle of what is processed, or of all of a shorter source.

        The beginning would show titles and black. A source that does not say how long it is is taken from there.
        """
        start, end = self.span_ms()
        stops = [ms for ms in (end, source.duration and int(source.duration * 1000)) if ms]
        wanted = round(seconds * 1000)
        if not stops:
            return 0, wanted
        length = min(stops) - start
        first = max(0, (length - wanted) // 2)
        return first, max(first + 1, min(first + wanted, length))

    @property
    def digest(self) -> str:
        """The sha256 (hex) of what is sent."""
        return digest_of(self.body())

    def fits(self, source: Probe, range_ms: tuple[int, int] | None = None) -> None:
        """Check that a source can be processed so, before it costs anything. BadInputError says why it cannot."""
        check_fit(self.name, self.request, self.span_ms(range_ms), source)

    def rendition(self, source: Probe | None = None, range_ms: tuple[int, int] | None = None) -> Rendition:
        """Give what the output must be, as far as the request and the source tell; the rest is left open."""
        return promised(self.name, self.request, self.span_ms(range_ms), source)

    def suffix(self, container: str | None = None) -> str:
        """Give the output's file suffix, without a dot.

        ``container`` is ffprobe's word for the source's (or better the output's), for presets that leave theirs open.
        """
        return suffix_of(self.request, container)
