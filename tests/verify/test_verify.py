"""What verification says, of what, and what it never says."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelworks.core.errors import BadInputError, LostError, UnreachableError
from reelworks.core.presets import Rendition
from reelworks.verify.gates import Gates
from reelworks.verify.hearing import lags
from reelworks.verify.survey import Survey, survey
from reelworks.verify.track import Track
from reelworks.verify.verify import verify
from tests.media.link_server import File, LinkServer, Script, serving
from tests.verify.sources import GOOD, Sources, encode

OPEN = Rendition("output", None, None, None, None, True, True)
LOSSLESS_ENOUGH = Gates(vmaf_floor=85)


@pytest.fixture
def server(sources: Sources) -> Iterator[LinkServer]:
    yield from serving(sources.clean.read_bytes())


def test_a_verdict_is_json_that_names_what_was_measured(sources: Sources) -> None:
    verdict = verify(sources.clean, sources.plain, promised=OPEN, gates=LOSSLESS_ENOUGH)
    said = json.loads(json.dumps(verdict.as_json()))

    assert said["ok"] is True
    found = {check["name"]: check["found"] for check in said["checks"]}
    assert found["decodes"] == 0
    assert 85 < found["vmaf"] <= 100
    assert abs(found["sync"]) < 0.02
    assert {type(value) for check in said["checks"] for value in check.values()} <= {str, int, float, bool, type(None)}


def test_a_survey_survives_json_and_serves_again(sources: Sources) -> None:
    kept = Survey.model_validate_json(survey(sources.plain).model_dump_json())

    assert kept == survey(sources.plain)
    assert verify(sources.clean, sources.plain, promised=OPEN, gates=Gates(), surveyed=kept).ok


def test_a_tone_that_is_late_by_half_its_wave_is_not_upside_down(tmp_path: Path) -> None:
    made = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=3", "-f", "lavfi", "-i", "sine=f=440:r=44100:d=3"]
    source = encode(tmp_path / "source.mp4", *made, *GOOD)
    late = encode(tmp_path / "late.mp4", *made, *GOOD, "-af", "adelay=50S:all=1")

    assert verify(late, source, promised=OPEN, gates=Gates()).faults == []


def test_a_tone_whose_level_hardly_moves_is_not_late() -> None:
    chance = random.Random(1)
    wobble = bytes(chance.choice([120, 121]) for _ in range(140))
    source, output = (Track(codec="aac", channels=1, left=side, right=side) for side in (wobble[:100], wobble[40:]))

    assert lags(output, source, 0.0) == []


def test_fine_patterns_are_no_fields_whatever_their_source_says(tmp_path: Path) -> None:
    made = ["-f", "lavfi", "-i", "testsrc2=s=128x96:r=25:d=3", *GOOD]
    source = encode(tmp_path / "source.mp4", *made, "-flags", "+ilme+ildct", "-x264opts", "tff=1")
    whole = encode(tmp_path / "whole.mp4", *made)

    assert survey(source).film.is_interlaced
    assert verify(whole, source, promised=OPEN, gates=Gates(vmaf_floor=40, vmaf_low_floor=20)).faults == []


@pytest.mark.parametrize(("size", "scale"), [("64x1280", "scale=-2:360"), ("16x16", "null")])
def test_pictures_of_few_pixels_are_compared_by_what_is_left_of_them(tmp_path: Path, size: str, scale: str) -> None:
    made = ["-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d=2"]
    source = encode(tmp_path / "source.mp4", *made, *GOOD)
    small = encode(tmp_path / "small.mp4", *made, "-vf", scale, *GOOD)
    turned = encode(tmp_path / "turned.mp4", *made, "-vf", f"{scale},vflip", *GOOD)
    gates = Gates(vmaf_floor=None)

    assert verify(small, source, promised=OPEN, gates=gates).faults == []
    assert "pictures are not its source's" in str(verify(turned, source, promised=OPEN, gates=gates).faults)


def test_links_are_verified_like_files_and_keep_their_queries(server: LinkServer, sources: Sources) -> None:
    verdict = verify(server.link, server.link, promised=OPEN, gates=Gates())

    assert verdict.ok
    assert "secret" not in json.dumps(verdict.as_json())


@pytest.mark.parametrize("content", [b"<html>" * 500, b"\0\0\0\x18ftypmp42" + bytes(range(256)) * 40])
def test_what_is_said_of_a_link_to_garbage_has_no_query(content: bytes, server: LinkServer, sources: Sources) -> None:
    server.file = File(content)

    verdict = verify(server.link, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain"))

    assert not verdict.ok
    assert "secret" not in json.dumps(verdict.as_json())


def test_what_is_said_of_a_damaged_link_has_no_query(server: LinkServer, sources: Sources) -> None:
    whole = sources.clean.read_bytes()
    server.file = File(whole[: len(whole) // 2] + bytes(len(whole) // 2))

    verdict = verify(server.link, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain"))

    assert not verdict.ok
    assert "secret" not in json.dumps(verdict.as_json())


def test_a_link_that_leads_nowhere_is_no_verdict(server: LinkServer, sources: Sources) -> None:
    server.file.script = [Script(status=404)] * 9

    with pytest.raises(LostError, match=r"film\.mp4") as told:
        verify(server.link, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain"))
    assert "secret" not in str(told.value)


def test_a_way_that_breaks_is_no_fault_of_the_output(server: LinkServer, sources: Sources) -> None:
    server.file.script = [Script(cut_after=40_000)] * 200

    with pytest.raises(UnreachableError) as told:
        verify(server.link, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain"))
    assert "secret" not in str(told.value)


def test_a_source_that_is_no_video_is_the_callers_fault(sources: Sources, tmp_path: Path) -> None:
    text = tmp_path / "text.mp4"
    text.write_text("no video")

    with pytest.raises(BadInputError, match=r"text\.mp4"):
        verify(sources.clean, text, promised=OPEN, gates=Gates())


@pytest.mark.parametrize("name", ["a:b,c;d.mp4", "it's [v].mp4", "100%d\\n.mp4", "-y.mp4", "concat:x.mp4", "é ü.mp4"])
def test_names_are_only_names(name: str, sources: Sources, tmp_path: Path) -> None:
    output = tmp_path / name
    output.write_bytes(sources.clean.read_bytes())

    assert verify(output, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain")).ok


def test_a_playlist_is_not_followed(sources: Sources, tmp_path: Path) -> None:
    playlist = tmp_path / "output.mp4"
    playlist.write_text(f"#EXTM3U\n#EXTINF:4,\n{sources.clean}\n#EXT-X-ENDLIST\n")

    verdict = verify(playlist, sources.plain, promised=OPEN, gates=Gates(), surveyed=sources.survey("plain"))

    assert [check.name for check in verdict.checks] == ["decodes"]
    assert not verdict.ok


def test_a_preview_is_held_against_its_stretch(sources: Sources, tmp_path: Path) -> None:
    preview = encode(tmp_path / "preview.mp4", "-ss", "1", "-t", "2", "-i", str(sources.plain), *GOOD)

    assert verify(preview, sources.plain, promised=OPEN, gates=Gates(), clip=(1, 3)).faults == []
    assert not verify(preview, sources.plain, promised=OPEN, gates=Gates(), clip=(2, 4)).ok
    assert not verify(preview, sources.plain, promised=OPEN, gates=Gates()).ok


def test_an_enhanced_output_may_look_better_but_not_be_another(sources: Sources, tmp_path: Path) -> None:
    better = "eq=contrast=1.15:saturation=1.3:brightness=0.04,unsharp,scale=640:360,hqdn3d"
    enhanced = encode(tmp_path / "enhanced.mp4", "-i", str(sources.plain), "-vf", better, *GOOD)

    def faults(output: Path, compare: bool) -> list[str]:
        kept = sources.survey("plain")
        return verify(output, sources.plain, promised=OPEN, gates=Gates(), compare=compare, surveyed=kept).faults

    assert faults(enhanced, compare=False) == []
    assert faults(enhanced, compare=True)
    assert faults(sources.other, compare=False)


KEPT = {
    "prores.mov": ["-c:v", "prores_ks", "-flags", "+ildct+ilme", "-c:a", "pcm_s16le"],
    "mpeg2.ts": ["-c:v", "mpeg2video", "-q:v", "2", "-flags", "+ildct+ilme", "-c:a", "mp2"],
    "h264.mp4": [*GOOD, "-flags", "+ildct+ilme", "-x264opts", "tff=1"],
    "twice.mp4": ["-vf", "bwdif=mode=send_field", *GOOD],
}


@pytest.mark.parametrize("name", KEPT)
def test_fields_may_be_kept_or_become_pictures(name: str, sources: Sources, tmp_path: Path) -> None:
    output = encode(tmp_path / name, "-i", str(sources.interlaced), *KEPT[name])

    kept = sources.survey("interlaced")
    assert verify(output, sources.interlaced, promised=OPEN, gates=Gates(), surveyed=kept).faults == []


def test_a_new_rate_may_blend_pictures(sources: Sources, tmp_path: Path) -> None:
    output = encode(tmp_path / "thirty.mp4", "-i", str(sources.plain), "-vf", "framerate=30", *GOOD)

    promised = Rendition("output", None, None, None, None, True, True, fps=30)
    kept = sources.survey("plain")
    assert verify(output, sources.plain, promised=promised, gates=Gates(), surveyed=kept).faults == []


def test_a_floor_that_is_not_reached_refuses(sources: Sources) -> None:
    kept = sources.survey("plain")
    verdict = verify(sources.clean, sources.plain, promised=OPEN, gates=Gates(vmaf_floor=99.9), surveyed=kept)

    assert [check.name for check in verdict.checks if not check.ok] == ["vmaf"]


def test_of_a_long_video_stretches_are_scored(tmp_path: Path) -> None:
    small = ["-f", "lavfi", "-i", "mandelbrot=s=160x90:r=25", "-t", "24", "-pix_fmt", "yuv420p", "-c:v", "libx264"]
    source = encode(tmp_path / "source.mkv", *small, "-qp", "8", "-preset", "ultrafast")
    output = encode(tmp_path / "output.ts", "-i", str(source), *GOOD)

    verdict = verify(output, source, promised=OPEN, gates=Gates(vmaf_seconds=20, vmaf_every=1))

    assert verdict.faults == []
    scored = next(check for check in verdict.checks if check.name == "vmaf")
    assert 200 < int(scored.text.split(" of ")[1].split()[0]) < 260


def test_without_floors_nothing_is_scored(sources: Sources) -> None:
    gates = Gates(vmaf_floor=None, vmaf_low_floor=None)
    verdict = verify(sources.clean, sources.plain, promised=OPEN, gates=gates, surveyed=sources.survey("plain"))

    assert verdict.ok
    assert not [check for check in verdict.checks if check.name.startswith("vmaf")]


def test_gates_know_no_other_words() -> None:
    with pytest.raises(ValueError, match="vmaf_flor"):
        Gates.model_validate({"vmaf_flor": 90})
