"""Is an output what its preset promised, before anything is compared."""

from __future__ import annotations

from collections.abc import Iterator

from reelworks.core.presets import Rendition
from reelworks.verify.film import Film
from reelworks.verify.gates import Gates
from reelworks.verify.survey import Survey
from reelworks.verify.verdict import Check

_NAMES: dict[str, str] = {
    "mkv": "matroska",
    "webm": "matroska",
    "ts": "mpegts",
    "m4v": "mp4",
}  # a suffix by ffprobe's word
_CHECKED = ("mp4", "mov", "matroska", "mpegts", "avi", "mxf")
_CLOSE = 2  # pixels: scalers round to even numbers


def check_promise(output: Survey, source: Survey, promised: Rendition, gates: Gates) -> Iterator[Check]:
    """Compare with the preset. What it leaves open is not checked."""
    yield _decodes(output)
    yield _header(output, gates)
    container = _NAMES.get(promised.container or "", promised.container)
    if container is not None and container in _CHECKED:
        yield _same("container", output.probe.container, container)
    if promised.codec is not None:
        yield _same("codec", output.probe.video[0].codec, promised.codec)
    if promised.profile is not None:
        yield _same("profile", output.probe.video[0].profile, promised.profile)
    if promised.width is not None:
        yield _width(output.film, promised.width)
    if promised.height is not None:
        yield _height(output.film, source.film, promised)
    if promised.interlaced is not None and output.film.fields not in ("", "unknown"):
        told = ["progressive", "interlaced"]
        yield _same("scanning", told[output.film.is_interlaced], told[promised.interlaced])
    if gates.aspect_tolerance is not None:
        yield _aspect(output.film, source.film, promised, gates.aspect_tolerance)
    if promised.has_audio:
        found = len(output.probe.audio)
        text = "it has sound" if found else "it has no sound, and its source has"
        yield Check("has_sound", bool(found) or not source.probe.audio, found, len(source.probe.audio), text)


def _decodes(output: Survey) -> Check:
    text = "all of it decodes"
    if output.error_count:
        text = f"{output.error_count} complaints while decoding it: {'; '.join(output.errors) or 'it ended early'}"
    return Check("decodes", not output.error_count, output.error_count, 0, text)


def _header(output: Survey, gates: Gates) -> Check:
    """Compare what it says of itself with what was decoded."""
    real = max(output.film.end, *(track.end for track in output.tracks), 0.0)
    may = max(gates.duration_tolerance, gates.duration_tolerance_part * real, 2 * output.film.widest_step)
    # Some containers begin to count elsewhere, so a raw stream may say nothing.
    told = [*output.told, *([output.probe.duration] if output.probe.duration is not None else [])]
    said = max(told, key=lambda length: abs(length - real), default=None)
    text = f"it says that it lasts {said or 0:.2f} s, and lasts {real:.2f} s"
    return Check("duration", said is None or abs(said - real) <= may, said, round(real, 3), text)


def _same(name: str, found: str, wanted: str) -> Check:
    text = f"its {name} is {found}" + ("" if found == wanted else f", not {wanted}")
    return Check(name, found == wanted, found, wanted, text)


def _width(output: Film, wanted: int) -> Check:
    ok = abs(output.width - wanted) <= _CLOSE
    text = f"its width is {output.width}" + ("" if ok else f", not {wanted}")
    return Check("width", ok, output.width, wanted, text)


def _height(output: Film, source: Film, promised: Rendition) -> Check:
    """Compare lines; of a turned picture the services take either side for its height."""
    wanted = promised.height or 0
    heights = {source.height, source.width} if source.height > source.width else {source.height}
    allowed = {min(wanted, height) for height in heights} if promised.avoid_upscaling else {wanted}
    sides = {output.height, output.width} if source.height > source.width else {output.height}
    ok = any(abs(side - height) <= _CLOSE for side in sides for height in allowed)
    names = " or ".join(map(str, sorted(allowed)))
    text = f"its height is {output.height}" + ("" if ok else f", not {names}")
    return Check("height", ok, output.height, names, text)


def _aspect(output: Film, source: Film, promised: Rendition, tolerance: float) -> Check:
    wanted = [source.aspect]
    if promised.width and promised.height:
        wanted.append(promised.width / promised.height)
    off = min(abs(output.aspect / shape - 1) if output.aspect and shape else 1.0 for shape in wanted)
    # Small pictures cannot keep a shape exactly.
    may = max(tolerance, 2.5 / max(1, min(output.width, output.height)))
    text = f"its picture is {output.aspect:.3f} wide by its height, its source's {source.aspect:.3f}"
    return Check("aspect", off <= may, round(output.aspect, 4), round(source.aspect, 4), text)
