"""What an order becomes in the light of its source, where the document leaves it to that."""

import json
from typing import Any

import pytest

from sandbox.pixop.filters import STAND_INS
from sandbox.pixop.request import BadRequestError, Order, read_request
from tests.sandbox.pixop.sources import metadata

# A PAL tape: 720x576 of pixels that are not square, shown as 4:3, fields of 50 a second.
TAPE: dict[str, Any] = {
    "frameWidth": 720,
    "frameHeight": 576,
    "interlaced": "top_field",
    "sandbox": {"displayAspectRatio": "4:3", "container": "mov"},
}
MTS_MPEG2 = {"codecName": "mpeg2video", "sandbox": {"container": "mts"}}


def order_for(body: dict[str, Any], **source: Any) -> Order:
    return read_request(body, metadata(**source))


def steps_of(order: Order) -> list[str]:
    return [step.name for step in order.steps]


@pytest.mark.parametrize(
    ("resolution", "expected"),
    [
        ({"height": 1080, "aspectRatioTag": "display"}, (1440, 1080, "1:1")),
        ({"height": 1080}, (1440, 1080, "1:1")),
        ({"width": 1440, "aspectRatioTag": "storage"}, (1440, 1152, "16:15")),
        ({"height": 1080, "aspectRatioTag": "16:9"}, (1920, 1080, "1:1")),
        ({"width": 1000, "aspectRatioTag": "4:3"}, (1000, 750, "1:1")),
        ({"width": 1920, "height": 1080}, (1920, 1080, "3:4")),
        ({"tag": "hd_1080p"}, (1920, 1080, "3:4")),
        ({"tag": "2x"}, (1440, 1152, "16:15")),
        ({"tag": "no_scaling"}, (720, 576, "16:15")),
        ({"width": 333, "aspectRatioTag": "4:3"}, (332, 250, "1:1")),
    ],
    ids=str,
)
def test_a_side_and_the_pixels_follow_from_the_aspect(
    resolution: dict[str, Any], expected: tuple[int, int, str]
) -> None:
    order = order_for({"resolution": resolution, "deinterlacer": "yadif"}, **TAPE)

    assert (order.width, order.height, order.sample_aspect) == expected


def test_without_a_display_aspect_the_storage_aspect_is_taken() -> None:
    source = metadata(frameWidth=720, frameHeight=576)
    del source["sandbox"]["displayAspectRatio"]

    assert read_request({"resolution": {"width": 1440, "aspectRatioTag": "display"}}, source).height == 1152


@pytest.mark.parametrize("body", [{"resolution": {"tag": "4x"}}, {"resolution": {"height": 4320}}], ids=str)
def test_a_derived_side_beyond_the_limits_is_refused(body: dict[str, Any]) -> None:
    with pytest.raises(BadRequestError, match="beyond the limit of 7680x4320"):
        order_for(body, frameWidth=2560, frameHeight=1080, sandbox={"displayAspectRatio": "64:27"})


def test_an_interlaced_picture_has_a_height_in_fours() -> None:
    order = order_for({"scanning": {"tag": "interlaced_tff"}, "resolution": {"width": 320, "height": 182}})

    assert order.height == 184


@pytest.mark.parametrize(
    ("body", "source", "expected"),
    [
        ({}, TAPE, ("tff", "25/1", [])),
        ({"scaler": "dvres"}, TAPE, ("tff", "25/1", ["bwdif", "dvres", "interlaced_tff"])),
        ({"deinterlacer": "bwdif"}, TAPE, (None, "25/1", ["bwdif"])),
        ({"scanning": {"tag": "progressive"}}, TAPE, (None, "25/1", ["bwdif"])),
        ({"mediaContainerCodec": {"codec": "hevc"}}, TAPE, (None, "25/1", ["bwdif"])),
        ({"scanning": {"tag": "interlaced_tff"}}, TAPE, ("tff", "25/1", [])),
        ({"scanning": {"tag": "interlaced_bff"}}, TAPE, ("bff", "25/1", ["interlaced_bff"])),
        ({"frameRate": {"fps": 30}}, TAPE, ("tff", "30/1", ["bwdif", "fps", "interlaced_tff"])),
        ({"deinterlacer": "yadif", "frameRate": {"fps": 50}}, TAPE, (None, "50/1", ["yadif"])),
        ({"scanning": {"tag": "interlaced_tff"}}, {}, ("tff", "25/1", ["fps", "interlaced_tff"])),
        ({"scanning": {"tag": "interlaced_tff"}}, {"averageFramerate": 50.0}, ("tff", "25/1", ["interlaced_tff"])),
        ({}, {"sandbox": {"constantFramerate": False}}, (None, "25/1", ["fps"])),
        ({"scanning": {"interlacedFieldOrder": "bottom_field"}}, TAPE, ("bff", "25/1", ["interlaced_bff"])),
    ],
    ids=str,
)
def test_scanning_follows_from_source_and_filters(
    body: dict[str, Any], source: dict[str, Any], expected: tuple[str | None, str, list[str]]
) -> None:
    order = order_for(body, **source)

    assert (order.interlaced, order.fps, steps_of(order)) == expected


def test_fields_become_pictures_when_twice_the_rate_is_wanted() -> None:
    [step] = order_for({"deinterlacer": "yadif", "frameRate": {"tag": "video_pal_fast"}}, **TAPE).steps

    assert step.graph == "yadif=mode=send_field:parity=tff:deint=all"


def test_what_the_file_does_not_tell_is_seen_in_its_pictures() -> None:
    silent = {"scanningType": None, "interlacedFieldOrder": None}
    seen = {"scanningType": "interlaced", "interlacedFieldOrder": "bottom_field"}

    assert order_for({}, scanning={"metadata": silent, "heuristics": seen}).interlaced == "bff"


def test_the_filters_stand_in_their_order() -> None:
    asked = {
        "postProcessor": "filmgrain",
        "frameRateConverter": "mcinterpolate",
        "frameRate": {"fps": 48},
        "scaler": "pabsr1",
        "stabilizer": "dejit",
        "denoiser": "denoise",
        "deinterlacer": "deint",
        "scanning": {"tag": "interlaced_bff"},
    }

    assert [step.kind for step in order_for(asked, **TAPE).steps] == [
        "deinterlacer",
        "denoiser",
        "stabilizer",
        "scaler",
        "frameRateConverter",
        "postProcessor",
        "interlacer",
    ]


def test_clarity_boost_sharpens_with_pabsr1_and_only_then() -> None:
    def sharpening(scaler: str, boost: str) -> str:
        [step] = order_for({"scaler": scaler, "clarityBoost": boost}).steps
        return step.graph.partition("unsharp=")[2]

    boosts = [float(sharpening("pabsr1", boost).rpartition("=")[2]) for boost in ("none", "low", "very_high")]
    assert boosts == sorted(set(boosts))
    assert sharpening("dvres", "none") == sharpening("dvres", "very_high") != ""


@pytest.mark.parametrize(
    ("body", "source", "expected"),
    [
        ({"mediaContainerCodec": {"codec": "prores"}, "appleProresProfile": "hq"}, {}, ("mov", "prores")),
        ({"mediaContainerCodec": {"container": "mxf"}}, {}, ("mxf", "h264")),
        ({"mediaContainerCodec": {"container": "mp4"}}, MTS_MPEG2, ("mp4", "h264")),
        ({}, MTS_MPEG2, ("mts", "mpeg2")),
        ({}, {"codecName": "ffv1", "sandbox": {"container": None}}, ("mov", "ffv1")),
        ({}, {"codecName": "vp9", "sandbox": {"container": None}}, ("mp4", "h264")),
    ],
    ids=str,
)
def test_container_and_codec_are_the_source_s_where_they_can_be(
    body: dict[str, Any], source: dict[str, Any], expected: tuple[str, str]
) -> None:
    order = order_for(body, **source)

    assert (order.container, order.codec) == expected


@pytest.mark.parametrize(
    ("codec", "source", "expected"),
    [
        ("h264", ("4:1:1", 8), "yuv420p"),
        ("h264", ("4:2:2", 12), "yuv422p10le"),
        ("mpeg2", ("4:4:4", 10), "yuv422p"),
        ("ffv1", ("4:1:1", 8), "yuv411p"),
        ("hevc", ("4:2:0", 10), "yuv420p"),
        ("h264", ("4:0:0", 8), "yuv420p"),
    ],
)
def test_the_source_s_chroma_is_inherited_as_nearly_as_the_codec_can(
    codec: str, source: tuple[str, int], expected: str
) -> None:
    order = order_for({"mediaContainerCodec": {"container": "mov", "codec": codec}}, chroma=source)

    assert order.pixel_format == expected


def test_what_only_this_ffmpeg_cannot_do_is_done_nearly_and_named() -> None:
    hevc = {"mediaContainerCodec": {"codec": "hevc"}, "chromaSubsampling": {"yuv": "4:2:0", "bits": 10}}

    order = order_for(hevc)

    assert order.pixel_format == "yuv420p"
    assert order.shortfalls == ("this ffmpeg encodes hevc with 8 bits, not 10",)
    properties = order.as_parameters()["targetVideo"]["codec"]["properties"]
    assert properties["shortfalls"] == list(order.shortfalls)


def test_a_bit_rate_that_the_profile_decides_is_not_followed_silently() -> None:
    prores = {"mediaContainerCodec": {"codec": "prores"}, "appleProresProfile": "lt", "bitrate": {"mbps": 5}}

    order = order_for(prores)

    assert order.bitrate is None
    assert order.shortfalls == ("the codec's profile decides the bit rate, not bitrate.mbps",)


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ({"mediaContainerCodec": {"codec": "dnxhd"}, "dnxhdHrProfile": "dnxhd_hq"}, "dnxhd_hq has no pictures of 640x"),
        (
            {
                "mediaContainerCodec": {"codec": "dnxhd"},
                "dnxhdHrProfile": "dnxhd_hq",
                "resolution": {"width": 1280, "height": 720},
                "scanning": {"tag": "interlaced_tff"},
            },
            "dnxhd_hq has no interlaced pictures of 720 lines",
        ),
        (
            {
                "mediaContainerCodec": {"codec": "dnxhd"},
                "dnxhdHrProfile": "dnxhr_hq",
                "resolution": {"width": 128, "height": 72},
            },
            "under 256x120",
        ),
        ({"mediaContainerCodec": {"codec": "xdcam"}}, "xdcam has no pictures of 640x360"),
        (
            {"mediaContainerCodec": {"codec": "mpeg2"}, "frameRate": {"fps": 12.5}},
            r"frameRate: mpeg2 has no 12\.5 frames a second, only 23\.976",
        ),
        (
            {"mediaContainerCodec": {"container": "mxf", "codec": "h264"}, "frameRate": {"fps": 15}},
            "frameRate: mxf has no 15",
        ),
        (
            {"mediaContainerCodec": {"codec": "hevc"}, "scanning": {"tag": "interlaced_tff"}},
            "scanning: hevc cannot be interlaced",
        ),
        (
            {
                "mediaContainerCodec": {"codec": "prores"},
                "appleProresProfile": "hq",
                "chromaSubsampling": {"yuv": "4:4:4"},
            },
            "prores hq has no 4:4:4, only 4:2:2 10 bit",
        ),
    ],
    ids=str,
)
def test_what_a_codec_has_not_is_refused_by_name(body: dict[str, Any], complaint: str) -> None:
    with pytest.raises(BadRequestError, match=complaint):
        order_for(body)


@pytest.mark.parametrize(
    ("profile", "rate", "mbps"),
    [("dnxhd_lb", 25, 36), ("dnxhd_sq", 50, 240), ("dnxhd_hq", 29.97, 220), ("dnxhd_hqx", 60, 440)],
)
def test_dnxhd_takes_the_variant_nearest_in_rate(profile: str, rate: float, mbps: int) -> None:
    body = {
        "mediaContainerCodec": {"codec": "dnxhd"},
        "dnxhdHrProfile": profile,
        "resolution": {"tag": "hd_1080p"},
        "frameRate": {"fps": rate},
    }

    assert order_for(body).bitrate == mbps * 1_000_000


def test_an_automatic_bit_rate_grows_with_the_picture_but_less_than_it() -> None:
    small, large = (order_for({"resolution": {"tag": tag}}).bitrate or 0 for tag in ("no_scaling", "2x"))

    assert small == 1_000_000  # the source's own
    assert small < large < 4 * small


def test_a_rate_of_the_source_s_that_the_codec_has_not_is_rounded() -> None:
    assert order_for({"mediaContainerCodec": {"codec": "mpeg2"}}, averageFramerate=24.4).fps == "24/1"


@pytest.mark.parametrize(("average", "fps"), [(24.9995, "25/1"), (23.98, "24000/1001"), (21.875, "175/8")])
def test_an_average_that_is_off_by_rounding_is_the_rate_meant(average: float, fps: str) -> None:
    assert order_for({}, averageFramerate=average).fps == fps


def test_an_order_survives_being_stored() -> None:
    order = order_for({"deinterlacer": "deint", "resolution": {"tag": "2x"}, "range": {"endPositionMilliseconds": 9}})

    assert Order.from_json(json.loads(json.dumps(order.to_json()))) == order


def test_the_parameters_tell_every_stand_in() -> None:
    asked = {
        "deinterlacer": "deint",
        "denoiser": "denoise",
        "stabilizer": "dejit",
        "scaler": "dvres",
        "frameRateConverter": "vfi",
        "frameRate": {"fps": 60},
        "postProcessor": "filmgrain",
        "range": {"startPositionMilliseconds": 100, "endPositionMilliseconds": 900},
    }

    parameters = order_for(asked, **TAPE).as_parameters()

    assert parameters["sourceVideo"] == {"startPositionMilliseconds": 100, "endPositionMilliseconds": 900}
    filters = {entry["name"]: entry["properties"].get("standIn") for entry in parameters["targetVideo"]["videoFilters"]}
    named = ("deint", "denoise", "dejit", "dvres", "vfi", "filmgrain")
    assert filters == {name: STAND_INS[name] for name in named}


def test_the_parameters_have_every_field_of_the_document() -> None:
    assert order_for({}).as_parameters() == {
        "sourceVideo": {},
        "targetVideo": {
            "preset": {"name": None},
            "container": {"name": "mp4", "properties": {}},
            "codec": {"name": "h264", "properties": {"scanning": "progressive"}},
            "pixelFormat": {"name": "yuv420p", "chromaSubsampling": {"yuv": "4:2:0", "bits": 8}},
            "bitrate": 1_000_000,
            "frameWidth": 640,
            "frameHeight": 360,
            "videoFilters": [],
        },
    }
