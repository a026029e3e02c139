"""Bring thumbnails from one way of writing colours to another."""

from __future__ import annotations

from reelworks.verify.film import CHROMA, COLUMNS, LUMA, THUMB, Film

# Kr and Kb by ffprobe's word.
_WEIGHTS = {
    "bt709": (0.2126, 0.0722),
    "bt470bg": (0.299, 0.114),
    "smpte170m": (0.299, 0.114),
    "bt2020nc": (0.2627, 0.0593),
}
# The same, as ffmpeg's scale filter has them.
SCALE_WORDS = {"bt709": "bt709", "bt470bg": "bt470", "smpte170m": "smpte170m", "bt2020nc": "bt2020"}
HDR = ("smpte2084", "arib-std-b67")


def matrix_of(film: Film) -> str:
    """Return a film's matrix; what says nothing is taken as players take it, by its size."""
    told = film.matrix if film.matrix in _WEIGHTS else ""
    return told or ("smpte170m" if min(film.width, film.height) <= 576 else "bt709")


def is_hdr(film: Film) -> bool:
    """Return whether its levels mean another light than those of ordinary video."""
    return film.transfer in HDR


def converted(film: Film, matrix: str) -> Film:
    """Return the film with its colours written by ``matrix``; the light is the same."""
    if _WEIGHTS[matrix_of(film)] == _WEIGHTS[matrix]:
        return film
    terms = _terms(*_WEIGHTS[matrix_of(film)], *_WEIGHTS[matrix])
    thumbs = b"".join(_thumb(film.thumb(i), terms) for i in range(len(film)))
    return film.model_copy(update={"thumbs": thumbs, "matrix": matrix})


def _terms(kr: float, kb: float, to_kr: float, to_kb: float) -> list[tuple[float, float]]:
    """Return what U and V add to Y, U and V; Y itself only stays (all scaled as limited-range bytes)."""
    rows = []
    for u, v in ((1.0, 0.0), (0.0, 1.0)):
        cb, cr = u / 224, v / 224
        red, blue = 2 * (1 - kr) * cr, 2 * (1 - kb) * cb
        green = -(kr * red + kb * blue) / (1 - kr - kb)
        luma = to_kr * red + to_kb * blue + (1 - to_kr - to_kb) * green
        rows.append((luma * 219, (blue - luma) / (2 * (1 - to_kb)) * 224, (red - luma) / (2 * (1 - to_kr)) * 224))
    return list(zip(*rows, strict=True))


def _thumb(thumb: bytes, terms: list[tuple[float, float]]) -> bytes:
    us = [byte - 128 for byte in thumb[LUMA : LUMA + CHROMA]]
    vs = [byte - 128 for byte in thumb[LUMA + CHROMA : THUMB]]
    (yu, yv), (uu, uv), (vu, vv) = terms
    # Four luma cells share one of colour.
    add = [yu * u + yv * v for u, v in zip(us, vs, strict=True)]
    half = COLUMNS // 2
    luma = (thumb[i] + add[i // COLUMNS // 2 * half + i % COLUMNS // 2] for i in range(LUMA))
    one = (128 + uu * u + uv * v for u, v in zip(us, vs, strict=True))
    two = (128 + vu * u + vv * v for u, v in zip(us, vs, strict=True))
    return bytes(min(255, max(0, round(value))) for row in (luma, one, two) for value in row)
