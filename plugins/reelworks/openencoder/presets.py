"""Open Encoder's presets: hand-written YAML, checked strictly, and what they are on a server."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from posixpath import splitext
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag

from reelworks.core.presets import Rendition, digest_of
from reelworks.openencoder.api import LONGEST, Row
from reelworks.openencoder.options import CODECS, Objects, Raw, data_kind

CUTS = {"-ss", "-t", "-to", "-fs", "-frames:v", "-vframes"}
FIELDS = ("name", "description", "data", "output", "active")


def _file_name(value: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,90}\.[A-Za-z0-9]{2,5}", value):
        raise ValueError(f'is a plain file name with a suffix, such as "h264_720p.mp4", not {value!r}')
    return value


class _File(BaseModel):
    """A whole preset file. The preset is called as the file is."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str | None = None
    description: str = Field(min_length=1, max_length=LONGEST)
    output: Annotated[str, AfterValidator(_file_name)]
    active: bool = True
    data: Annotated[
        Annotated[Raw, Tag("form A")] | Annotated[Objects, Tag("form B")],
        Discriminator(data_kind),
    ]


@dataclass(frozen=True)
class OpenEncoderPreset:
    """What to encode a video to. Load one with ``presets.load("openencoder", name, OpenEncoderPreset)``."""

    name: str
    description: str
    output: str
    active: bool
    data: Mapping[str, Any]
    text: str | None = None  # data as the server has it, where it is not JSON

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        """Check hand-written content; an unknown field is an error (pydantic's ValidationError)."""
        file = _File.model_validate(content)
        if file.name not in (None, name):
            raise ValueError(f"name: is {file.name!r}, but the file is called {name!r}; leave it out")
        if len(name) > LONGEST:
            raise ValueError(f"the name has {len(name)} characters, and a job takes {LONGEST}")
        return cls(name, file.description, file.output, file.active, file.data.body())

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        """Take a row of the server's list, or the same with ``data`` as an object; only the shape is checked."""
        if not isinstance(content, dict) or not {"data", "output"} <= set(content):
            raise ValueError("no preset of a server: data and output are missing")
        return cls.from_row({"description": name, "active": True, **content, "name": name})

    @classmethod
    def from_row(cls, row: Mapping[str, Any]) -> Self:
        """Read what a server lists; its ``data`` may be any text."""
        data = _parsed(row["data"])
        text = str(row["data"]) if data is None else None
        return cls(row["name"], row["description"], row["output"], bool(row["active"]), data or {}, text)

    def row(self) -> Row:
        """Give the body of the create and update calls: all five fields, ``data`` as text."""
        data = self.text if self.text is not None else json.dumps(self.data, separators=(",", ":"), ensure_ascii=False)
        return {
            "name": self.name,
            "description": self.description,
            "output": self.output,
            "data": data,
            "active": self.active,
        }

    @property
    def digest(self) -> str:
        """The sha256 (hex) of what it makes, and how."""
        return digest_of({"data": self.data, "output": self.output})

    def differences(self, other: OpenEncoderPreset) -> tuple[str, ...]:
        """Name the fields that differ; how the data's JSON is laid out is no difference."""
        return tuple(field for field in FIELDS if getattr(self, field) != getattr(other, field))

    def rendition(self) -> Rendition:
        """Give what the one output will be, as far as the options tell."""
        words = self._words()
        codec = words.get("-c:v") or words.get("-vcodec") or words.get("-codec:v")
        return Rendition(
            name=self.output,
            result_name=self.output,
            container=words.get("-f") or splitext(self.output)[1][1:].lower(),
            codec=CODECS.get(str(codec)),
            height=_height(words),
            avoid_upscaling=False,
            has_audio="-an" not in words,
        )

    def keeps_duration(self) -> bool:
        """Return whether the output lasts as long as its source."""
        words = self._words()
        return not (CUTS & set(words)) and "setpts" not in words.get("-vf", "")

    def _words(self) -> dict[str, str]:
        """Give ffmpeg's options by name, as the server will make them of either form."""
        if self.data.get("raw"):
            parts = [str(entry).split(" ", 1) for entry in self.data["raw"]]
            return {part[0]: part[1] if len(part) > 1 else "" for part in parts}
        video, form = (self.data.get(key) or {} for key in ("video", "format"))
        words = {"-c:v": str(video.get("codec", ""))}
        if video.get("size") == "custom":
            words["-vf"] = f"scale={video.get('width')}:{video.get('height')}"
        if video.get("speed", "auto") not in ("", "auto"):
            words["-vf"] = "setpts"
        if form.get("clip"):
            words["-ss"] = ""
        return words


def _parsed(data: Any) -> dict[str, Any] | None:
    """Read a preset's data; None if it is no JSON object: a worker panics at it."""
    if isinstance(data, str):
        try:
            data = json.loads(data)
        except ValueError:
            return None
    return data if isinstance(data, dict) else None


def _height(words: Mapping[str, str]) -> int | None:
    found = re.search(r"scale=(?:w=)?-?\d+:(?:h=)?(\d+)", words.get("-vf") or words.get("-filter:v") or "")
    return int(found[1]) if found else None
