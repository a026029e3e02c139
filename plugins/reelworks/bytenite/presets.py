"""ByteNite's presets: hand-written YAML, checked strictly, or JSON exported from the GUI, sent as it is."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from reelworks.bytenite.params import Params
from reelworks.bytenite.renditions import match_results, renditions_of, result_clash
from reelworks.core.presets import Rendition, digest_of

__all__ = ["ByteNitePreset", "Rendition", "match_results"]


@dataclass(frozen=True)
class ByteNitePreset:
    """What to encode a video to. Load one with ``presets.load("bytenite", name, ByteNitePreset)``."""

    name: str
    description: str
    body: Mapping[str, Any]

    @classmethod
    def from_yaml(cls, name: str, content: object) -> Self:
        """Check hand-written content; an unknown field is an error (pydantic's ValidationError)."""
        params = Params.model_validate(content)
        return cls(name, params.description, _checked(params.body()))

    @classmethod
    def from_json(cls, name: str, content: object) -> Self:
        """Take what "Switch to JSON" gives: the parameters, or a whole job that holds them in ``params``.

        The vendor's schema is not public, so only the shape is checked and every value is sent as it is.
        """
        return cls(name, "", _checked(_unwrapped(content)))

    def params(self) -> dict[str, Any]:
        """Give the body of the params call."""
        return copy.deepcopy(dict(self.body))

    @property
    def digest(self) -> str:
        """The sha256 (hex) of what is sent."""
        return digest_of(self.body)

    def renditions(self, job_name: str) -> tuple[Rendition, ...]:
        """Give what each output will be, and what the service will call it in a job of this name."""
        return renditions_of(self.body, job_name)


def _unwrapped(content: object) -> dict[str, Any]:
    for key in ("job", "params"):
        if isinstance(content, dict) and "data" not in content and key in content:
            content = content[key]
    if not isinstance(content, dict) or "data" not in content:
        raise ValueError("neither encoding parameters (data, preset) nor a job with params")
    _expect(content["data"], dict, "data")
    _expect(content["data"].get("outputs"), list, "data.outputs")
    if not content["data"]["outputs"]:
        raise ValueError("data.outputs: is empty")
    for index, output in enumerate(content["data"]["outputs"]):
        _expect(output, dict, f"data.outputs.{index}")
        _expect(output.get("output_params"), dict, f"data.outputs.{index}.output_params")
    return content


def _expect(value: object, kind: type, field: str) -> None:
    if not isinstance(value, kind):
        raise ValueError(f"{field}: should be a {kind.__name__}, not {type(value).__name__}")


def _checked(body: dict[str, Any]) -> dict[str, Any]:
    if clash := result_clash(body):
        raise ValueError(clash)
    return body
