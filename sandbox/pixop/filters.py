"""The picture's way: deinterlace, denoise, stabilise, scale, change the rate, add grain, interlace."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from sandbox.pixop.order import Step
from sandbox.pixop.source import Source
from sandbox.pixop.wishes import Wish

# Pixop's own methods, and what does their work here. The README quotes this.
STAND_INS = {
    "deint": "bwdif (Bob Weaver deinterlacer)",
    "denoise": "nlmeans (non-local means)",
    "dejit": "deshake (block matching)",
    "pabsr1": "Lanczos scaling with unsharp masking, stronger with clarityBoost",
    "dvres": "Lanczos scaling with light denoising and unsharp masking",
    "dvres2": "Lanczos scaling with light denoising and stronger unsharp masking",
    "vfi": "minterpolate (motion-compensated interpolation)",
    "filmgrain": "noise (temporal noise on the luma)",
}
DENOISERS = {"denoise": "nlmeans=s=5:p=5:r=7", "hqdn3d": "hqdn3d"}
SHARPENING = {
    "none": 0.4,
    "marginal": 0.55,
    "very_low": 0.7,
    "low": 0.85,
    "medium": 1.0,
    "high": 1.2,
    "very_high": 1.45,
}
RESTORING = {"dvres": ("hqdn3d=2:1.5:3:2.5", 0.6), "dvres2": ("hqdn3d=2:1.5:3:2.5", 0.9)}
GRAIN = "noise=c0s=10:c0f=t:c0_seed=1"


@dataclass(frozen=True)
class Shape:
    """What the picture must be at the end. `fps` counts frames, each with two fields if interlaced."""

    width: int
    height: int
    fps: Fraction
    interlaced: str | None


def steps(wish: Wish, source: Source, shape: Shape) -> tuple[Step, ...]:
    """Return the filters in the order in which they are applied."""
    return tuple(_steps(wish, source, shape))


def keeps_fields(wish: Wish, source: Source, shape: Shape) -> bool:
    """Tell whether an interlaced source goes through with its fields untouched.

    Only scaling can be done by field. What else looks at neighbouring lines or pictures would mix two moments: for
    it the fields are made pictures, and these interlaced again.
    """
    if not (source.interlaced and shape.interlaced) or shape.fps != source.fps:
        return False
    mixing = wish.deinterlacer or wish.denoiser or wish.stabilizer
    return not mixing and wish.scaler in (None, "scale")


def _steps(wish: Wish, source: Source, shape: Shape) -> Iterator[Step]:
    kept = keeps_fields(wish, source, shape)
    wanted = shape.fps * (2 if shape.interlaced and not kept else 1)
    rate = source.fps
    if wish.deinterlacer or (source.interlaced and not kept):
        by_field = wanted >= source.fps * 3 / 2
        rate *= 2 if by_field else 1
        yield _deinterlace(wish.deinterlacer, source, by_field=by_field)
    if wish.denoiser:
        yield Step("denoiser", wish.denoiser, DENOISERS[wish.denoiser], STAND_INS.get(wish.denoiser))
    if wish.stabilizer:
        yield Step("stabilizer", wish.stabilizer, "deshake=rx=16:ry=16:edge=mirror", STAND_INS[wish.stabilizer])
    yield from _scale(wish, source, shape, by_field=kept)
    if wanted != rate or not source.constant_rate:
        yield _convert(wish.converter, wanted)
    if wish.post_processor:
        yield Step("postProcessor", wish.post_processor, GRAIN, STAND_INS[wish.post_processor])
    yield from _interlace(source, shape, kept=kept, whole=rate == source.fps)


def _deinterlace(name: str | None, source: Source, *, by_field: bool) -> Step:
    mode = "field" if by_field else "frame"
    parity = f"parity={source.parity}:deint=all"
    graphs = {
        "yadif": f"yadif=mode=send_{mode}:{parity}",
        "bwdif": f"bwdif=mode=send_{mode}:{parity}",
        "weston3f": f"w3fdif=mode={mode}:{parity}",
    }
    used = name or "bwdif"
    return Step("deinterlacer", used, graphs.get(used, graphs["bwdif"]), STAND_INS.get(used), implied=name is None)


def _scale(wish: Wish, source: Source, shape: Shape, *, by_field: bool) -> Iterator[Step]:
    name = wish.scaler or "scale"
    resized = (shape.width, shape.height) != (source.width, source.height)
    if not resized and name == "scale":
        return
    method = "bicubic" if name == "scale" else "lanczos"
    graph = f"scale={shape.width}:{shape.height}:flags={method}:interl={int(by_field)}"
    if name == "pabsr1":
        graph += _sharpen(SHARPENING[wish.clarity_boost])
    elif name in RESTORING:
        before, amount = RESTORING[name]
        graph = f"{before},{graph}{_sharpen(amount)}"
    yield Step("scaler", name, graph, STAND_INS.get(name), implied=wish.scaler is None)


def _sharpen(amount: float) -> str:
    return f",unsharp=lx=5:ly=5:la={amount}"


def _convert(name: str | None, fps: Fraction) -> Step:
    rate = f"{fps.numerator}/{fps.denominator}"
    # Of the last pictures no successor is known: a repeat stands for it, and what is too many is cut at the end.
    moved = "tpad=stop=2:stop_mode=clone,minterpolate=fps={}:mi_mode=mci:mc_mode=aobmc:vsbmc={}"
    graphs = {
        # Of a source shorter than one picture of the new rate, that picture is still wanted.
        "fps": f"fps={rate}:eof_action=pass",
        # framerate leaves pictures the length that they had, which fps puts right.
        "fblend": f"tpad=stop=1:stop_mode=clone,framerate=fps={rate},fps={rate}",
        "mcinterpolate": moved.format(rate, 0),
        "vfi": moved.format(rate, 1),
    }
    used = name or "fps"
    return Step("frameRateConverter", used, graphs[used], STAND_INS.get(used), implied=name is None)


def _interlace(source: Source, shape: Shape, *, kept: bool, whole: bool) -> Iterator[Step]:
    order = shape.interlaced
    if order and not kept:
        # Whole pictures would flicker where a detail is one line high; what were fields before has none.
        blur = "linear" if whole else "off"
        yield Step("interlacer", f"interlaced_{order}", f"interlace=scan={order}:lowpass={blur}")
    elif order and order != source.interlaced:
        yield Step("interlacer", f"interlaced_{order}", f"fieldorder={order}")
