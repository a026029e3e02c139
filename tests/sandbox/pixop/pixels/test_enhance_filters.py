"""Each filter does to the pictures what its name says, or its stand-in does."""

from itertools import pairwise
from typing import Any

import pytest

from sandbox.pixop import values
from tests.sandbox.pixop.pixels.clips import difference, fields, greys, pictures, probe, roughness
from tests.sandbox.pixop.pixels.conftest import Clips, Make

LOSSLESS: dict[str, Any] = {"mediaContainerCodec": {"container": "mov", "codec": "ffv1"}}
INTERLACING: dict[str, dict[str, Any]] = {
    "h264": {"mediaContainerCodec": {"container": "mov", "codec": "h264"}},
    "h264 in mts": {"mediaContainerCodec": {"container": "mts", "codec": "h264"}},
    "mpeg2": {"mediaContainerCodec": {"container": "mxf", "codec": "mpeg2"}, "bitrate": {"mbps": 5}},
    "prores": {"mediaContainerCodec": {"container": "mov", "codec": "prores"}, "appleProresProfile": "hq"},
    "ffv1": LOSSLESS,
}


@pytest.mark.parametrize("codec", INTERLACING)
@pytest.mark.parametrize("order", ["tff", "bff"])
def test_interlaced_pictures_are_woven_of_two_moments(make: Make, codec: str, order: str) -> None:
    body = {**INTERLACING[codec], "scanning": {"tag": f"interlaced_{order}"}}

    made = make("ramp50.mkv", body)

    for even, odd in fields(made)[1:-1]:
        # One picture of fifty is 8 brighter than the one before it.
        later, earlier = (odd, even) if order == "tff" else (even, odd)
        assert later - earlier == pytest.approx(8, abs=3)
    found = probe(made)
    assert found["picture"]["interlaced_frame"] == 1
    assert found["picture"]["top_field_first"] == (order == "tff")
    assert found["video"]["avg_frame_rate"] == "25/1"


def test_an_interlaced_source_goes_through_with_its_fields(make: Make, clips: Clips) -> None:
    made = make("fields.mkv", LOSSLESS)

    assert fields(made) == fields(clips("fields.mkv"))
    assert probe(made)["picture"]["interlaced_frame"] == 1


def test_fields_are_scaled_apart(make: Make) -> None:
    made = make("fields.mkv", {**LOSSLESS, "resolution": {"tag": "2x"}})

    assert [odd - even for even, odd in fields(made)] == [8] * 10


def test_the_order_of_fields_can_be_changed(make: Make) -> None:
    made = make("fields.mkv", {**LOSSLESS, "scanning": {"tag": "interlaced_bff"}})

    assert all(even > odd for even, odd in fields(made)[1:-1])
    assert probe(made)["picture"]["top_field_first"] == 0


def test_a_filter_does_not_mix_the_fields_of_an_interlaced_source(make: Make) -> None:
    made = make("fields.mkv", {**LOSSLESS, "denoiser": "denoise"})

    assert [odd - even for even, odd in fields(made)][1:-1] == pytest.approx([8] * 8, abs=2)
    assert probe(made)["picture"]["interlaced_frame"] == 1


@pytest.mark.parametrize("deinterlacer", values.DEINTERLACERS)
def test_deinterlaced_pictures_show_one_moment_each(make: Make, deinterlacer: str) -> None:
    made = make("fields.mkv", {**LOSSLESS, "deinterlacer": deinterlacer})

    assert [abs(odd - even) < 2 for even, odd in fields(made)[1:-1]] == [True] * 8
    assert probe(made)["picture"]["interlaced_frame"] == 0


@pytest.mark.parametrize("deinterlacer", values.DEINTERLACERS)
def test_every_field_becomes_a_picture_at_twice_the_rate(make: Make, deinterlacer: str) -> None:
    made = make("fields.mkv", {**LOSSLESS, "deinterlacer": deinterlacer, "frameRate": {"tag": "video_pal_fast"}})

    found = greys(made)
    assert found[1:-2] == pytest.approx([40 + 8 * place for place in range(1, 18)], abs=4)
    assert len(found) == 20


def test_forcing_progressive_deinterlaces(make: Make) -> None:
    made = make("fields.mkv", {**LOSSLESS, "scanning": {"tag": "progressive"}})

    assert all(abs(odd - even) < 2 for even, odd in fields(made)[1:-1])


@pytest.mark.parametrize("denoiser", values.DENOISERS)
def test_a_denoiser_takes_noise_away(make: Make, clips: Clips, denoiser: str) -> None:
    before = roughness(pictures(clips("noisy.mkv"))[5])

    after = roughness(pictures(make("noisy.mkv", {**LOSSLESS, "denoiser": denoiser}))[5])

    assert after < before * 0.9


def test_the_stabilizer_makes_pictures_more_alike(make: Make, clips: Clips) -> None:
    def unrest(found: list[bytes]) -> float:
        return sum(difference(*pair) for pair in pairwise(found[2:]))

    before = unrest(pictures(clips("shaky.mkv")))

    assert unrest(pictures(make("shaky.mkv", {**LOSSLESS, "stabilizer": "dejit"}))) < before * 0.7


def overshoot(picture: bytes) -> int:
    return max(picture) - 150


def test_super_resolution_sharpens_and_clarity_boost_sharpens_more(make: Make) -> None:
    twice = {**LOSSLESS, "resolution": {"tag": "2x"}, "scaler": "pabsr1"}

    found = [
        overshoot(pictures(make("edge.mkv", {**twice, "clarityBoost": boost}))[0])
        for boost in ("none", "low", "very_high")
    ]

    assert found == sorted(set(found))


@pytest.mark.parametrize("scaler", ["pabsr1", "dvres", "dvres2"])
def test_the_stand_ins_sharpen_more_than_plain_scaling(make: Make, scaler: str) -> None:
    def edge(name: str) -> int:
        made = make("edge.mkv", {**LOSSLESS, "resolution": {"tag": "2x"}, "scaler": name})
        video = probe(made)["video"]
        assert (video["width"], video["height"]) == (192, 128)
        return overshoot(pictures(made)[0])

    assert edge(scaler) > edge("scale")


def test_film_grain_is_rough_alive_and_the_same_each_time(make: Make) -> None:
    found = pictures(make("grey.mkv", {**LOSSLESS, "postProcessor": "filmgrain"}))

    assert roughness(found[0]) > 1
    assert found[0] != found[1]
    assert found == pictures(make("grey.mkv", {**LOSSLESS, "postProcessor": "filmgrain"}))


@pytest.mark.parametrize("converter", values.FRAME_RATE_CONVERTERS)
@pytest.mark.parametrize(("tag", "rate", "frames"), [("video_pal_fast", "50/1", 20), ("video_ntsc", "30000/1001", 12)])
def test_every_converter_gives_the_rate_and_keeps_the_length(
    make: Make, converter: str, tag: str, rate: str, frames: int
) -> None:
    body = {**LOSSLESS, "frameRateConverter": converter, "frameRate": {"tag": tag}}

    video = probe(make("ramp25.mkv", body))["video"]

    assert (video["avg_frame_rate"], video["nb_read_frames"]) == (rate, str(frames))


def test_constant_fps_repeats_pictures(make: Make) -> None:
    body = {**LOSSLESS, "frameRateConverter": "fps", "frameRate": {"tag": "video_pal_fast"}}

    assert greys(make("ramp25.mkv", body)) == [40 + 8 * (place // 2) for place in range(20)]


def test_blending_makes_pictures_in_between(make: Make) -> None:
    body = {**LOSSLESS, "frameRateConverter": "fblend", "frameRate": {"tag": "video_pal_fast"}}

    found = greys(make("ramp25.mkv", body))

    assert found[:18] == pytest.approx([40 + 4 * place for place in range(18)], abs=1)


@pytest.mark.parametrize("converter", ["mcinterpolate", "vfi"])
def test_motion_compensation_moves_things_half_the_way(make: Make, clips: Clips, converter: str) -> None:
    body = {**LOSSLESS, "frameRateConverter": converter, "frameRate": {"tag": "video_pal_fast"}}

    before = pictures(clips("film.mp4"))
    made = pictures(make("film.mp4", body))

    assert difference(made[8], before[4]) < 1
    between = made[9]
    # Not a repeat of either neighbour.
    assert min(difference(between, before[4]), difference(between, before[5])) > 1


@pytest.mark.parametrize("fps", values.FPS)
def test_the_ends_of_the_frame_rate_can_be_made(make: Make, fps: float) -> None:
    video = probe(make("small.mp4", {"frameRate": {"fps": fps}}))["video"]

    assert int(video["nb_read_frames"]) == max(1, round(0.2 * fps))


def test_a_changing_rate_is_made_constant(make: Make) -> None:
    video = probe(make("loose.mp4", {}))["video"]

    assert video["r_frame_rate"] == video["avg_frame_rate"]
