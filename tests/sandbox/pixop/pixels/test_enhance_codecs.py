"""Every container, codec and profile that an order can name, seen in what comes out."""

from typing import Any

import pytest

from sandbox.pixop import values
from tests.sandbox.pixop.pixels.clips import probe
from tests.sandbox.pixop.pixels.conftest import Make

CONTAINERS = {"mov": "mov,mp4,m4a,3gp,3g2,mj2", "mp4": "mov,mp4,m4a,3gp,3g2,mj2", "mxf": "mxf", "mts": "mpegts"}
PLAIN = {"h264": "h264", "hevc": "hevc", "mpeg2": "mpeg2video", "ffv1": "ffv1"}
PRORES = {"proxy": "Proxy", "lt": "LT", "standard": "Standard", "hq": "HQ", "4444": "4444", "4444xq": "XQ"}
SIZES = {"dnxhr": (320, 180), "dnxhd": (1280, 720)}


def codec(container: str, name: str, **more: Any) -> dict[str, Any]:
    return {"mediaContainerCodec": {"container": container, "codec": name}, **more}


@pytest.mark.parametrize(
    ("container", "name"),
    [(container, name) for container, names in values.CODECS_OF.items() for name in names if name in PLAIN],
)
def test_a_container_holds_a_codec(make: Make, container: str, name: str) -> None:
    made = probe(make("small.mp4", codec(container, name)))

    assert made["format"]["format_name"] == CONTAINERS[container]
    assert made["video"]["codec_name"] == PLAIN[name]
    assert made["video"]["nb_read_frames"] == "5"


@pytest.mark.parametrize("name", [*PLAIN, "prores"])
def test_the_smallest_picture_can_be_encoded(make: Make, name: str) -> None:
    profile = {"appleProresProfile": "proxy"} if name == "prores" else {}

    video = probe(make("small.mp4", codec("mov", name, resolution={"width": 16, "height": 16}, **profile)))["video"]

    assert (video["width"], video["height"], video["nb_read_frames"]) == (16, 16, "5")


def test_mov_and_mp4_are_told_apart_by_their_brand(make: Make) -> None:
    brands = [probe(make("small.mp4", codec(name, "h264")))["format"]["tags"]["major_brand"] for name in ("mov", "mp4")]

    assert brands == ["qt  ", "isom"]


@pytest.mark.parametrize("profile", values.PRORES_PROFILES)
def test_prores_has_its_six_profiles(make: Make, profile: str) -> None:
    video = probe(make("small.mp4", codec("mov", "prores", appleProresProfile=profile)))["video"]

    assert (video["codec_name"], video["profile"]) == ("prores", PRORES[profile])
    # The decoder gives 4444 as the 12 bits that it may have.
    assert video["pix_fmt"] == ("yuv444p12le" if "4444" in profile else "yuv422p10le")


@pytest.mark.parametrize("container", ["mov", "mxf"])
@pytest.mark.parametrize(
    ("profile", "name", "pixels"),
    [
        ("dnxhr_lb", "DNXHR LB", "yuv422p"),
        ("dnxhr_sq", "DNXHR SQ", "yuv422p"),
        ("dnxhr_hq", "DNXHR HQ", "yuv422p"),
        ("dnxhr_hqx", "DNXHR HQX", "yuv422p10le"),
        ("dnxhr_444", "DNXHR 444", "yuv444p10le"),
    ],
)
def test_dnxhr_has_its_five_profiles(make: Make, container: str, profile: str, name: str, pixels: str) -> None:
    body = codec(container, "dnxhd", dnxhdHrProfile=profile, resolution={"width": 256, "height": 144})

    video = probe(make("small.mp4", body))["video"]

    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("dnxhd", name, pixels)


@pytest.mark.parametrize(
    ("profile", "lines", "mbps", "pixels"),
    [
        ("dnxhd_lb", 1080, 36, "yuv422p"),
        ("dnxhd_sq", 720, 60, "yuv422p"),
        ("dnxhd_hq", 720, 90, "yuv422p"),
        ("dnxhd_hqx", 720, 90, "yuv422p10le"),
    ],
)
def test_dnxhd_has_pictures_of_a_fixed_size(make: Make, profile: str, lines: int, mbps: int, pixels: str) -> None:
    size = {"width": lines * 16 // 9, "height": lines}

    video = probe(make("small.mp4", codec("mov", "dnxhd", dnxhdHrProfile=profile, resolution=size)))["video"]

    assert (video["profile"], video["pix_fmt"], video["height"]) == ("DNXHD", pixels, lines)
    assert int(video["bit_rate"]) / 1e6 == pytest.approx(mbps, rel=0.06)


def test_dnxhd_can_be_interlaced(make: Make) -> None:
    body = codec("mov", "dnxhd", dnxhdHrProfile="dnxhd_sq", resolution={"tag": "hd_1080p"})

    made = probe(make("small.mp4", {**body, "scanning": {"tag": "interlaced_bff"}}))

    assert (made["picture"]["interlaced_frame"], made["picture"]["top_field_first"]) == (1, 0)
    assert made["video"]["bits_per_raw_sample"] == "8"


def test_dnxhd_444_is_made_as_dnxhr_and_says_so(make: Make) -> None:
    body = codec("mov", "dnxhd", dnxhdHrProfile="dnxhd_444", resolution={"tag": "hd_1080p"})

    made = probe(make("small.mp4", body))

    assert (made["video"]["profile"], made["video"]["pix_fmt"]) == ("DNXHR 444", "yuv444p10le")
    assert "DNxHR 444 takes its place" in made["format"]["tags"]["comment"]


@pytest.mark.parametrize("scanning", ["progressive", "interlaced_tff"])
def test_xdcam_is_mpeg2_422_of_50_mbit(make: Make, scanning: str) -> None:
    body = codec("mxf", "xdcam", resolution={"tag": "hd_1080p"}, scanning={"tag": scanning})

    video = probe(make("small.mp4", body))["video"]

    assert (video["codec_name"], video["profile"], video["pix_fmt"]) == ("mpeg2video", "4:2:2", "yuv422p")
    assert video["bit_rate"] == "50000000"
    assert video["field_order"] == ("tt" if scanning == "interlaced_tff" else "progressive")


@pytest.mark.parametrize(
    ("name", "yuv", "bits", "pixels"),
    [
        ("h264", "4:2:0", 10, "yuv420p10le"),
        ("h264", "4:2:2", 10, "yuv422p10le"),
        ("h264", "4:4:4", 8, "yuv444p"),
        ("hevc", "4:2:2", 8, "yuv422p"),
        ("hevc", "4:4:4", 8, "yuv444p"),
        ("mpeg2", "4:2:2", 8, "yuv422p"),
        *[
            ("ffv1", yuv, bits, f"yuv{yuv.replace(':', '')}p{f'{bits}le' if bits > 8 else ''}")
            for yuv, depths in values.DEPTHS_OF.items()
            for bits in depths
        ],
    ],
)
def test_chroma_and_depth_are_as_asked(make: Make, name: str, yuv: str, bits: int, pixels: str) -> None:
    body = codec("mov", name, chromaSubsampling={"yuv": yuv, "bits": bits})

    assert probe(make("small.mp4", body))["video"]["pix_fmt"] == pixels


def test_ten_bits_are_inherited(make: Make) -> None:
    assert probe(make("deep.mkv", codec("mov", "h264")))["video"]["pix_fmt"] == "yuv422p10le"


def test_the_bit_rate_is_as_asked(make: Make) -> None:
    rates = [
        int(probe(make("film.mp4", codec("mp4", "h264", bitrate={"mbps": mbps})))["video"]["bit_rate"])
        for mbps in (0.3, 3)
    ]

    assert rates[1] > 4 * rates[0]


@pytest.mark.parametrize("mbps", values.MBPS)
@pytest.mark.parametrize("name", ["h264", "hevc", "mpeg2"])
def test_the_ends_of_the_bit_rate_can_be_encoded(make: Make, name: str, mbps: float) -> None:
    assert probe(make("small.mp4", codec("mts", name, bitrate={"mbps": mbps})))["video"]["nb_read_frames"] == "5"


@pytest.mark.parametrize("container", values.CONTAINERS)
def test_every_container_says_that_it_is_not_pixop_s(make: Make, container: str) -> None:
    body = {"mediaContainerCodec": {"container": container, "codec": "h264"}, "denoiser": "denoise"}

    made = probe(make("small.mp4", body))

    tags = made["programs"][0]["tags"] if container == "mts" else made["format"]["tags"]
    [note] = [text for text in tags.values() if text.startswith("Reelworks sandbox, not Pixop")]
    assert "denoise is nlmeans" in note


@pytest.mark.parametrize(
    ("container", "source", "sounds"),
    [
        ("mp4", "film.mp4", ["aac", "aac"]),
        ("mov", "tape.mkv", ["pcm_s16le"]),
        ("mp4", "tape.mkv", ["aac"]),
        ("mts", "film.mp4", ["aac", "aac"]),
        ("mxf", "film.mp4", ["pcm_s16le", "pcm_s16le"]),
        ("mp4", "small.mp4", []),
    ],
)
def test_every_sound_track_is_kept(make: Make, container: str, source: str, sounds: list[str]) -> None:
    made = probe(make(source, codec(container, "h264")))

    assert [stream["codec_name"] for stream in made["sounds"]] == sounds
