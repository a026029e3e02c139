"""What a set of ByteNite parameters makes: the names its results will have, and which result is which."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from reelworks.bytenite.params import CODECS
from reelworks.core.errors import BadOutputError
from reelworks.core.presets import Rendition

_TOKEN = re.compile(r"\{\{\s*(if\s+)?(\.[\w.]+|else|end)\s*\}\}|(\{\{)|([^{]+|\{)")


def renditions_of(body: Mapping[str, Any], job_name: str) -> tuple[Rendition, ...]:
    """Give what the outputs promise, in their order, each with a name of its own."""
    data = body["data"]
    renditions: list[Rendition] = []
    for output in data["outputs"]:
        taken = {rendition.name for rendition in renditions}
        renditions.append(_rendition(output, str(data.get("output_template") or ""), job_name, taken))
    return tuple(renditions)


def result_clash(body: Mapping[str, Any]) -> str | None:
    """Say which two outputs would get the same result name; ``None`` if all differ."""
    data, seen = body["data"], dict[str, int]()
    for index, output in enumerate(data["outputs"]):
        rendered = render(str(data.get("output_template") or ""), {**output, "job_name": "job"})
        key = f"{_folded(rendered)}.{output.get('output_type')}" if rendered is not None else None
        if key is not None and seen.setdefault(key, index) != index:
            return (
                f"data.outputs.{index} would get the same result name as data.outputs.{seen[key]} "
                f"({key}): give them names, or let data.output_template tell them apart"
            )
    return None


def match_results(renditions: Iterable[Rendition], results: Sequence[str]) -> dict[str, str]:
    """Give rendition name -> result name: by name, never by index, for the service's order is not ours.

    Renditions whose result name cannot be foretold take what is left: one takes one; several are
    called by the service's own base names, made safe, so nothing leaves the destination.
    """
    bases = _bases(results)
    matched, open_names, missing = dict[str, str](), list[str](), list[str]()
    for rendition in renditions:
        if rendition.result_name is None:
            open_names.append(rendition.name)
        elif (found := bases.pop(_folded(rendition.result_name), None)) is None:
            missing.append(rendition.result_name)
        else:
            matched[rendition.name] = found
    if missing or len(bases) != len(open_names):
        raise BadOutputError(_mismatch(missing, len(open_names), list(bases.values())))
    if len(open_names) == 1:
        return matched | dict(zip(open_names, bases.values(), strict=True))
    for found in bases.values():
        matched[_unique(safe_name(found), matched)] = found
    return matched


def name_results(results: Iterable[str]) -> dict[str, str]:
    """Give our name -> result name where no preset tells what to expect; two that would share a name are told apart.

    In the order of their names, so that a retry calls each as before: the service's order means nothing.
    """
    named: dict[str, str] = {}
    for result in sorted(results):
        named[_unique(safe_name(result), named)] = result
    return named


def safe_name(text: str) -> str:
    """Give a name that is one S3 key segment and plain in any shell, whatever came in."""
    base = re.split(r"[/\\]", text)[-1]
    return re.sub(r"[^\w.@+-]+", "_", base)[-120:].strip("._") or "output"


def render(template: str, values: Mapping[str, Any]) -> str | None:
    """Render the forms of Go template that were seen; ``None`` for any other, and for an unknown value."""
    out: list[str | None] = []
    shown: list[bool] = []  # one entry per open `if`
    if not template:
        return None
    for is_if, word, unknown, text in _TOKEN.findall(template):
        if unknown or (word in ("else", "end") and not shown):
            return None
        if is_if:
            shown.append(bool(_value(word, values)))
        elif word == "else":
            shown[-1] = not shown[-1]
        elif word == "end":
            shown.pop()
        elif all(shown):
            out.append(text or _value(word, values))
    return None if shown or None in out else "".join(map(str, out))


def _value(path: str, values: Mapping[str, Any]) -> str | None:
    here: Any = values
    for step in path.strip(".").split("."):
        # `.Aspect.AvgBitrate` is a Go field; the JSON says `aspect.avg_bitrate`.
        key = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", step).lower()
        here = here.get(key) if isinstance(here, Mapping) else None
    return None if here is None or isinstance(here, Mapping | list) else str(here)


def _rendition(output: Mapping[str, Any], template: str, job_name: str, taken: set[str]) -> Rendition:
    params = output.get("output_params")
    container = str(output.get("output_type") or "mp4")
    codec = CODECS.get(str(_value("video.codec", params or {})))
    height = _height(params or {})
    title = output.get("name") or f"{codec or 'video'}{f'_{height}p' if height else ''}"
    return Rendition(
        name=_unique(safe_name(f"{title}.{container}"), taken),
        result_name=_result_name(output, template, job_name, container),
        container=container,
        codec=codec,
        height=None if _reshaped((params or {}).get("aspect") or {}) else height,
        avoid_upscaling=_value("aspect.resolution.avoid_upscaling", params or {}) == "True",
        has_audio=bool(_value("audio.audio_codec", params or {})),
    )


def _result_name(output: Mapping[str, Any], template: str, job_name: str, container: str) -> str | None:
    custom = _value("output_params.aspect.resolution.height", output) == "custom"
    if container != "mp4" or (custom and "Resolution.Height" in template):
        return None  # how many files hls makes, and whether `custom` or its pixels are printed, is not public
    rendered = render(template, {**output, "job_name": job_name})
    return None if rendered is None else f"{rendered.replace(' ', '_').split('/')[-1]}.{container}"


def _height(params: Mapping[str, Any]) -> int | None:
    height = _value("aspect.resolution.height", params) or ""
    text = _value("aspect.resolution.custom_height", params) if height == "custom" else height.removesuffix("p")
    return int(text) if text and text.isdecimal() else None


def _reshaped(aspect: Mapping[str, Any]) -> bool:
    """Tell whether cropping, turning or padding make the final height unknowable."""
    cropped = any((aspect.get("cropping") or {}).values())
    turned = any((aspect.get("orientation") or {}).values())
    return cropped or turned or bool((aspect.get("padding") or {}).get("final_aspect_ratio"))


def _bases(results: Sequence[str]) -> dict[str, str]:
    bases: dict[str, str] = {}
    for result in results:
        twin = bases.setdefault(_folded(result), result)
        if twin is not result:
            raise BadOutputError(f"two results have the same name: {twin!r} and {result!r}")
    return bases


def _folded(name: str) -> str:
    """Give what two spellings of a name share: the service drops folders and turns blanks to underscores."""
    return re.sub(r"[^\w.-]", "_", re.split(r"[/\\]", name)[-1])


def _unique(name: str, taken: Iterable[str]) -> str:
    stem, dot, suffix = name.rpartition(".")
    stem, suffix = (stem, dot + suffix) if stem else (name, "")
    names, number = set(taken), 1
    while name in names:
        number += 1
        name = f"{stem}_{number}{suffix}"
    return name


def _mismatch(missing: list[str], unforetold: int, left: list[str]) -> str:
    parts = []
    if missing:
        parts.append(f"missing: {', '.join(missing)}")
    if unforetold:
        parts.append(f"{unforetold} more of a name not known beforehand")
    parts.append(f"unexpected: {', '.join(left) or 'none'}")
    return f"the results are not what the preset promises; {'; '.join(parts)}"
