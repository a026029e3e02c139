"""The twenty rules of the process-video call: for each, what breaks it and what keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from reelworks.core.errors import BadInputError
from tests.pixop.written import Desk


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


# Rule, what breaks it, the field that the message names after the file, and what it says of the rule or the remedy.
BROKEN = [
    (1, "{mediaContainerCodec: {container: avi}}", "mediaContainerCodec.container", "mov, mxf, mp4, mts, not 'avi'"),
    (1, "{mediaContainerCodec: {codec: vp9}}", "mediaContainerCodec.codec", "h264, prores, dnxhd, xdcam, hevc"),
    (1, "{mediaContainerCodec: {container: mp4, codec: prores}, appleProresProfile: hq}", "mediaContainerCodec",
     "container mp4 takes codec h264, hevc, not prores, says Pixop's SDK"),
    (2, "{mediaContainerCodec: {codec: prores}}", "", "appleProresProfile is required when"),
    (2, "{mediaContainerCodec: {codec: h264}, appleProresProfile: hq}", "", "appleProresProfile is for codec prores"),
    (2, "{appleProresProfile: hq}", "", "set mediaContainerCodec.codec: prores"),
    (2, "{mediaContainerCodec: {codec: prores}, appleProresProfile: 422}", "appleProresProfile", "string"),
    (3, "{mediaContainerCodec: {codec: dnxhd}}", "", "dnxhdHrProfile is required when"),
    (3, "{mediaContainerCodec: {codec: prores}, appleProresProfile: hq, dnxhdHrProfile: dnxhd_sq}", "",
     "dnxhdHrProfile is for codec dnxhd only, and it is prores"),
    (3, "{mediaContainerCodec: {codec: dnxhd}, dnxhdHrProfile: dnxhr_xq}", "dnxhdHrProfile", "Did you mean"),
    (4, "{scanning: {tag: interlaced}}", "scanning.tag", "interlaced_tff, interlaced_bff, not 'interlaced'"),
    (5, "{scanning: {tag: interlaced_tff, scanningType: interlaced}}", "scanning", "tag excludes scanningType"),
    (5, "{scanning: {tag: auto, interlacedFieldOrder: top_field}}", "scanning", "keep the tag alone"),
    (6, "{scanning: {scanningType: interlaced}}", "scanning", "interlacedFieldOrder is required when"),
    (6, "{scanning: {scanningType: progressive, interlacedFieldOrder: top_field}}", "scanning",
     "interlacedFieldOrder excludes scanningType: progressive"),
    (6, "{scanning: {scanningType: telecined}}", "scanning.scanningType", "progressive, interlaced, not"),
    (7, "{scanning: {scanningType: interlaced, interlacedFieldOrder: top_field}}", "scanning",
     "use scanning tag interlaced_tff"),
    (7, "{scanning: {scanningType: interlaced, interlacedFieldOrder: top_first}}", "scanning", "is uncertain"),
    (8, '{chromaSubsampling: {yuv: "4:2:1"}}', "chromaSubsampling.yuv", "4:2:2"),
    (8, "{chromaSubsampling: {bits: 9}}", "chromaSubsampling.bits", "8, 10, 12, 14, 16, not 9"),
    (8, '{chromaSubsampling: {yuv: "4:1:1", bits: 10}}', "chromaSubsampling", "4:1:1 takes bits 8, not 10, says"),
    (9, "{bitrate: {mbps: 0.009}}", "bitrate.mbps", "greater than or equal to 0.01"),
    (9, "{bitrate: {mbps: 4000.1}}", "bitrate.mbps", "less than or equal to 4000"),
    (10, "{deinterlacer: w3fdif}", "deinterlacer", "deint, yadif, bwdif, weston3f, not 'w3fdif'"),
    (10, "{denoiser: nlmeans}", "denoiser", "denoise, hqdn3d"),
    (10, "{stabilizer: deshake}", "stabilizer", "dejit"),
    (10, "{scaler: dvress}", "scaler", "Did you mean 'dvres'?"),
    (10, "{frameRateConverter: minterpolate}", "frameRateConverter", "Did you mean 'mcinterpolate'?"),
    (10, "{postProcessor: grain}", "postProcessor", "filmgrain"),
    (11, "{resolution: {tag: hd_720p}}", "resolution.tag", "Did you mean 'hd_1080p'?"),
    (11, "{resolution: {tag: 5x}}", "resolution.tag", "2x, 3x, 4x, not '5x'"),
    (12, "{resolution: {}}", "resolution", "width or height (or both) is required when there is no tag"),
    (12, "{resolution: {tag: 2x, width: 1920}}", "resolution", "tag excludes width and height"),
    (12, "{resolution: {width: 15}}", "resolution.width", "greater than or equal to 16"),
    (12, "{resolution: {width: 7681}}", "resolution.width", "less than or equal to 7680"),
    (12, "{resolution: {height: 15}}", "resolution.height", "greater than or equal to 16"),
    (12, "{resolution: {height: 4321}}", "resolution.height", "less than or equal to 4320"),
    (13, '{resolution: {width: 1920, aspectRatioTag: "21:9"}}', "resolution.aspectRatioTag", "display, storage, 16:9"),
    (14, '{resolution: {width: 1920, height: 1080, aspectRatioTag: "16:9"}}', "resolution", "are a bad request"),
    (15, "{resolution: {aspectRatioTag: display}}", "resolution", "width or height (or both) is required"),
    (15, "{resolution: {tag: hd_1080p, aspectRatioTag: display}}", "resolution", "derives a missing width or height"),
    (16, "{scaler: pabsr1, clarityBoost: extreme}", "clarityBoost", "none, marginal, very_low, low"),
    (16, "{scaler: dvres, clarityBoost: low}", "", "clarityBoost takes effect with scaler: pabsr1 only"),
    (16, "{clarityBoost: low}", "", "clarityBoost takes effect with scaler: pabsr1 only"),
    (17, "{frameRate: {tag: pal}}", "frameRate.tag", "film_ntsc, film, video_pal"),
    (17, "{frameRate: {}}", "frameRate", "fps is required when there is no tag"),
    (17, "{frameRate: {fps: 0}}", "frameRate.fps", "greater than or equal to 0.001"),
    (17, "{frameRate: {fps: 1000}}", "frameRate.fps", "less than or equal to 999"),
    (18, "{frameRate: {tag: film, fps: 24}}", "frameRate", "tag excludes fps"),
    (19, "{range: {startPositionMilliseconds: -1}}", "range.startPositionMilliseconds", "greater than or equal to 0"),
    (19, "{range: {endPositionMilliseconds: 1000.5}}", "range.endPositionMilliseconds", "integer"),
    (19, "{range: {startPositionMilliseconds: 9, endPositionMilliseconds: 9}}", "range", "after the start at 9"),
    (19, "{startPositionMilliseconds: 0}", "startPositionMilliseconds", "unknown field"),
    (20, "{mediaContainerCodec: {container: null}}", "mediaContainerCodec", "container is empty; give it a value"),
    (20, "{denoiser: }", "", "denoiser is empty; give it a value, or leave it out"),
    (20, "{mediaContainerCodec: {}}", "mediaContainerCodec", "is empty; give it a field, or leave it out to have"),
    (20, "{chromaSubsampling: {}}", "chromaSubsampling", "is empty; give it a field, or leave it out"),
    (20, "{bitrate: {}}", "bitrate", "mbps is required; or leave bitrate out to have it computed"),
    (4, "{scanning: {}}", "scanning", "is empty"),
    (19, "{range: {}}", "range", "is empty"),
]  # fmt: skip

KEPT = [
    *((1, f"{{mediaContainerCodec: {{container: {container}}}}}") for container in ("mov", "mxf", "mp4", "mts")),
    *((1, f"{{mediaContainerCodec: {{codec: {codec}}}}}") for codec in ("h264", "xdcam", "hevc", "mpeg2", "ffv1")),
    (1, "{mediaContainerCodec: {container: mts, codec: mpeg2}}"),
    *(
        (2, f"{{mediaContainerCodec: {{codec: prores}}, appleProresProfile: '{profile}'}}")
        for profile in ("proxy", "lt", "standard", "hq", "4444", "4444xq")
    ),
    *(
        (3, f"{{mediaContainerCodec: {{codec: dnxhd}}, dnxhdHrProfile: {kind}_{grade}}}")
        for kind in ("dnxhd", "dnxhr")
        for grade in ("lb", "sq", "hq", "hqx", "444")
    ),
    *((4, f"{{scanning: {{tag: {tag}}}}}") for tag in ("auto", "progressive", "interlaced_tff", "interlaced_bff")),
    (5, "{scanning: {tag: interlaced_bff}}"),
    (6, "{scanning: {scanningType: progressive}}"),
    (7, "{scanning: {tag: interlaced_tff}}"),
    *(
        (8, f"{{chromaSubsampling: {{yuv: '{yuv}'}}}}")
        for yuv in ("4:1:0", "4:1:1", "4:2:0", "4:2:2", "4:4:0", "4:4:4")
    ),
    *((8, f"{{chromaSubsampling: {{bits: {bits}}}}}") for bits in (8, 10, 12, 14, 16)),
    (8, "{chromaSubsampling: {yuv: '4:4:4', bits: 16}}"),
    (9, "{bitrate: {mbps: 0.01}}"),
    (9, "{bitrate: {mbps: 4000}}"),
    *((10, f"{{deinterlacer: {word}}}") for word in ("deint", "yadif", "bwdif", "weston3f")),
    *((10, f"{{denoiser: {word}}}") for word in ("denoise", "hqdn3d")),
    *((10, f"{{scaler: {word}}}") for word in ("pabsr1", "dvres", "scale")),
    *((10, f"{{frameRateConverter: {word}}}") for word in ("fps", "fblend", "mcinterpolate")),
    (10, "{stabilizer: dejit, postProcessor: filmgrain}"),
    *((11, f"{{resolution: {{tag: {tag}}}}}") for tag in ("hd_1080p", "uhd_4k", "uhd_8k", "2x", "3x", "4x")),
    (12, "{resolution: {width: 16, height: 16}}"),
    (12, "{resolution: {width: 7680, height: 4320}}"),
    (12, "{resolution: {width: 1920}}"),
    *(
        (13, f"{{resolution: {{width: 1920, aspectRatioTag: '{tag}'}}}}")
        for tag in ("display", "storage", "16:9", "4:3")
    ),
    (14, "{resolution: {width: 1920, height: 1080}}"),
    (15, "{resolution: {height: 1080, aspectRatioTag: display}}"),
    *(
        (16, f"{{scaler: pabsr1, clarityBoost: {boost}}}")
        for boost in ("none", "marginal", "very_low", "low", "medium", "high", "very_high")
    ),
    (16, "{scaler: dvres, clarityBoost: none}"),
    *(
        (17, f"{{frameRate: {{tag: {tag}}}}}")
        for tag in ("film_ntsc", "film", "video_pal", "video_ntsc", "video_hd", "video_pal_fast", "video_ntsc_fast")
    ),
    (17, "{frameRate: {tag: video_hd_fast}}"),
    (17, "{frameRate: {fps: 0.001}}"),
    (17, "{frameRate: {fps: 999}}"),
    (18, "{frameRate: {fps: 24}}"),
    (19, "{range: {startPositionMilliseconds: 0, endPositionMilliseconds: 30000}}"),
    (19, "{range: {endPositionMilliseconds: 1}}"),
    (19, "{range: {startPositionMilliseconds: 60000}}"),
    (20, "{denoiser: denoise}"),
    (20, "{mediaContainerCodec: {container: mov}}"),
    (20, "{chromaSubsampling: {bits: 10}}"),
]


def test_every_rule_is_broken_once_and_kept_once() -> None:
    assert {rule for rule, *_ in BROKEN} == {rule for rule, *_ in KEPT} == set(range(1, 21))


@pytest.mark.parametrize(("rule", "text", "field", "said"), BROKEN, ids=[f"rule-{case[0]}" for case in BROKEN])
def test_what_breaks_a_rule_is_refused_by_file_field_and_rule(
    desk: Desk, rule: int, text: str, field: str, said: str
) -> None:
    with pytest.raises(BadInputError) as told:
        desk.request(text)
    place = f"pixop/p.yaml: {'.'.join(filter(None, ('request', field)))}: "
    assert place in str(told.value)
    assert said in str(told.value).partition(place)[2]


@pytest.mark.parametrize(("rule", "text"), KEPT, ids=[f"rule-{rule}" for rule, _ in KEPT])
def test_what_keeps_a_rule_is_sent_as_it_is_written(desk: Desk, rule: int, text: str) -> None:
    assert desk.request(text).body() == yaml.safe_load(text)


NEWER = [
    "{scaler: dvres2}",
    "{scaler: dvres2, clarityBoost: low}",
    "{scaler: pabsr1, clarityBoost: extreme}",
    "{resolution: {tag: no_scaling}}",
    "{frameRateConverter: vfi}",
    "{frameRate: {tag: video_uhd_fast}}",
    "{denoiser: denoise2, deinterlacer: deint2, stabilizer: dejit2, postProcessor: grain}",
    "{mediaContainerCodec: {container: mkv, codec: av1}}",
    "{mediaContainerCodec: {container: mp4, codec: prores}, appleProresProfile: raw}",
    "{mediaContainerCodec: {codec: dnxhd}, dnxhdHrProfile: dnxhr_xq}",
    "{scanning: {tag: psf}}",
    "{scanning: {scanningType: interlaced, interlacedFieldOrder: top_field}}",
    "{scanning: {scanningType: interlaced, interlacedFieldOrder: top_first}}",
    "{scanning: {interlacedFieldOrder: top_first}}",
    "{chromaSubsampling: {yuv: '4:1:1', bits: 10}}",
    "{resolution: {width: 1920, aspectRatioTag: '21:9'}}",
]


@pytest.mark.parametrize("text", NEWER)
def test_what_is_newer_than_the_document_passes_only_when_allowed(desk: Desk, text: str) -> None:
    with pytest.raises(BadInputError):
        desk.request(text)

    assert desk.request(text, allow_unlisted=True).body() == yaml.safe_load(text)


STILL_WRONG = [
    ("{resolution: {width: 7681}}", "7680"),
    ("{bitrate: {mbps: 5000}}", "4000"),
    ("{frameRate: {fps: 1000}}", "999"),
    ("{resolution: {tag: no_scaling, width: 1920}}", "tag excludes"),
    ("{resolution: {tag: no_scaling, aspectRatioTag: display}}", "leave one out"),
    ("{resolution: {width: 1920, height: 1080, aspectRatioTag: '21:9'}}", "bad request"),
    ("{frameRate: {tag: video_uhd_fast, fps: 120}}", "tag excludes"),
    ("{scanning: {tag: psf, scanningType: progressive}}", "tag excludes"),
    ("{scanning: {scanningType: interlaced}}", "required"),
    ("{scanning: {scanningType: progressive, interlacedFieldOrder: top_field}}", "excludes"),
    ("{mediaContainerCodec: {codec: prores}}", "required"),
    ("{mediaContainerCodec: {codec: av1}, appleProresProfile: hq}", "codec prores only"),
    ("{scaler: dvres, clarityBoost: low}", "pabsr1 only"),
    ("{range: {startPositionMilliseconds: 2, endPositionMilliseconds: 1}}", "after the start"),
    ("{sharpener: strong}", "unknown field"),
]


@pytest.mark.parametrize(("text", "said"), STILL_WRONG)
def test_ranges_exclusions_and_requirements_hold_whatever_is_allowed(desk: Desk, text: str, said: str) -> None:
    with pytest.raises(BadInputError, match=said):
        desk.request(text, allow_unlisted=True)


def test_the_sample_of_the_document_is_no_request(desk: Desk) -> None:
    sample = """{mediaContainerCodec: {container: mov, codec: h264}, appleProresProfile: standard,
      dnxhdHrProfile: dnxhd_sq, scanning: {tag: interlaced_tff, scanningType: interlaced}, clarityBoost: low,
      resolution: {tag: hd_1080p, width: 1920, height: 1080, aspectRatioTag: "16:9"},
      frameRate: {tag: film, fps: 24}}"""
    with pytest.raises(BadInputError) as told:
        desk.request(sample)
    assert [line.split(": ")[1] for line in str(told.value).splitlines()] == [
        "request.scanning", "request.resolution", "request.frameRate",
    ]  # fmt: skip
