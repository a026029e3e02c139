"""ffprobe's answers: odd but valid files pass, others are refused with the reason."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from reelworks.core.errors import BadInputError, LostError, UnreachableError
from reelworks.media import ffprobe, s3
from reelworks.media.checks import check_tail
from reelworks.media.probe import Probe, VideoStream, decodes, ffprobe_path, ffprobe_version, probe
from reelworks.media.s3 import S3Url
from tests.media.clips import make

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("clips") / "plain.mp4", *X264, "-c:a", "aac", seconds=3)


def ffmpeg() -> str:
    return ffprobe_path().replace("ffprobe-", "ffmpeg-")


def test_a_plain_file_is_described(plain: Path) -> None:
    seen = probe(plain)
    assert (seen.container, seen.size) == ("mp4", plain.stat().st_size)
    assert seen.duration == pytest.approx(3, abs=0.1)
    assert seen.bitrate
    (video,), (audio,) = seen.video, seen.audio
    assert (video.codec, video.width, video.height, video.fps) == ("h264", 128, 96, 25)
    assert (audio.codec, audio.channels, audio.sample_rate) == ("aac", 1, 44100)
    assert decodes(plain).frames >= 25


@pytest.mark.parametrize(
    ("filters", "interlaced", "aspect"),
    [("setfield=tff,setsar=16/15", True, 1.422222), ("setfield=prog,setsar=1", False, 1.333333)],
)
def test_fields_and_the_shape_that_is_shown_are_told(
    tmp_path: Path, filters: str, interlaced: bool, aspect: float
) -> None:
    flags = ("-flags", "+ildct+ilme", "-top", "1") if interlaced else ()
    (picture,) = probe(make(tmp_path / "tape.mov", *X264, "-vf", filters, *flags, sound=False)).video
    assert (picture.interlaced, picture.aspect) == (interlaced, aspect)


def test_a_file_that_does_not_say_how_it_is_scanned_leaves_it_open() -> None:
    assert VideoStream(codec="h264", width=2, height=2).interlaced is None
    assert VideoStream(codec="h264", width=2, height=2, field_order="unknown").interlaced is None


def test_the_summary_is_json_and_reads_back(plain: Path) -> None:
    seen = probe(plain)
    assert Probe.model_validate(json.loads(json.dumps(seen.summary()))) == seen


ODD = {
    "ten-bit.mkv": ("-c:v", "libx265", "-preset", "ultrafast", "-pix_fmt", "yuv420p10le", "-x265-params",
                    "log-level=error"),
    "vp9.webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-deadline", "realtime", "-c:a", "libopus"),
    "vfr.mp4": (*X264, "-vf", "select=not(mod(n\\,3))+lt(n\\,9)", "-fps_mode", "vfr"),
    "two-tracks.mov": (*X264, "-map", "0:v", "-map", "1:a", "-map", "1:a", "-c:a", "aac"),
    "silent.mp4": (*X264, "-an"),
    "stream.ts": (*X264, "-c:a", "aac"),
    "old.avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
    "fragments.mp4": (*X264, "-movflags", "frag_keyframe+empty_moov"),
    "interlaced.mxf": ("-c:v", "mpeg2video", "-flags", "+ildct", "-ar", "48000"),
    "fraction.mp4": (*X264, "-r", "30000/1001"),
    "odd size.mp4": ("-c:v", "libx264", "-vf", "scale=127:95", "-pix_fmt", "yuv444p"),
    "file:concat|#1?%d -y.mp4": X264,
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd_but_valid_files_pass(tmp_path: Path, name: str) -> None:
    file = make(tmp_path / name, *ODD[name])
    seen = probe(file)
    assert seen.duration == pytest.approx(1, abs=0.2)
    assert seen.video[0].fps
    assert len(seen.audio) == {"silent.mp4": 0, "two-tracks.mov": 2}.get(name, 1)
    assert decodes(file).frames > 5


def test_containers_have_one_name(tmp_path: Path) -> None:
    names = {"a.mov": "mov", "a.mp4": "mp4", "a.mkv": "matroska", "a.ts": "mpegts"}
    for name, container in names.items():
        assert probe(make(tmp_path / name, *X264, "-an")).container == container


def test_a_turned_picture_says_so(tmp_path: Path, plain: Path) -> None:
    turned = tmp_path / "turned.mp4"
    command = [ffmpeg(), "-v", "error", "-display_rotation", "90", "-i", plain, "-c", "copy", turned]
    subprocess.run(command, check=True)
    assert probe(turned).video[0].rotation == 90


def test_cover_art_is_no_video(tmp_path: Path) -> None:
    cover = make(tmp_path / "cover.jpg", "-c:v", "mjpeg", "-frames:v", "1", sound=False)
    song = make(tmp_path / "song.mp3", "-map", "1:a")
    with_cover = tmp_path / "covered.mp3"
    command = [ffmpeg(), "-v", "error", "-i", song, "-i", cover, "-map", "0", "-map", "1", "-c", "copy",
               "-disposition:v:0", "attached_pic", with_cover]  # fmt: skip
    subprocess.run(command, check=True)
    with pytest.raises(BadInputError, match="has no video stream, only a cover picture, audio"):
        probe(with_cover)


def bad_files(folder: Path, plain: Path) -> dict[str, Path]:
    whole = plain.read_bytes()
    files = {name: folder / name for name in ("text.txt", "text.mp4", "empty.mp4", "cut.mp4", "list.m3u8")}
    files["text.txt"].write_text("not a video\n" * 100)
    files["text.mp4"].write_text("not a video\n" * 100)
    files["empty.mp4"].write_bytes(b"")
    files["cut.mp4"].write_bytes(whole[: len(whole) // 2])
    files["list.m3u8"].write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n{plain}\n#EXT-X-ENDLIST\n")
    files["picture.jpg"] = make(folder / "picture.jpg", "-c:v", "mjpeg", "-frames:v", "1", sound=False)
    files["song.mp3"] = make(folder / "song.mp3", "-map", "1:a")
    return files


def test_what_is_no_video_is_refused_with_the_reason(tmp_path: Path, plain: Path) -> None:
    for name, file in bad_files(tmp_path, plain).items():
        with pytest.raises(BadInputError) as error:
            probe(file)
        assert name in str(error.value)
        assert "\n" not in str(error.value)


def test_a_header_without_pictures_does_not_decode(tmp_path: Path) -> None:
    whole = make(tmp_path / "whole.mp4", *X264, "-an", "-movflags", "+faststart").read_bytes()
    header = tmp_path / "header.mp4"
    header.write_bytes(whole[: whole.index(b"mdat") + 4])
    assert probe(header).video
    with pytest.raises(BadInputError, match="does not decode: not one frame"):
        decodes(header)


def test_how_far_a_file_decodes_shows_a_cut_tail(tmp_path: Path) -> None:
    options = (*X264, "-an", "-g", "10", "-movflags", "+faststart")
    whole = make(tmp_path / "whole.mp4", *options, seconds=4)
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(whole.read_bytes()[: whole.stat().st_size // 2])
    assert decodes(whole, 2, start=3).until == pytest.approx(3.96)
    with pytest.raises(BadInputError, match="does not decode"):
        decodes(cut, 2, start=3)


@pytest.mark.parametrize("seconds", [2.0, None])
def test_the_end_of_a_file_with_one_keyframe_is_reached(tmp_path: Path, seconds: float | None) -> None:
    file = tmp_path / "long_gop.mp4"
    source = [
        "-f",
        "lavfi",
        "-i",
        "testsrc2=s=160x90:r=25:d=6",
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-g",
        "9999",
    ]
    subprocess.run([ffmpeg(), "-v", "error", *source, str(file)], check=True)

    decoded = decodes(file, seconds, start=4.0)

    assert decoded.until == pytest.approx(5.96, abs=0.05)
    assert check_tail(decoded, probe(file)) == []


def test_a_missing_file_is_bad_input(tmp_path: Path) -> None:
    with pytest.raises(BadInputError, match="No such file"):
        probe(tmp_path / "nothing.mp4")


@pytest.mark.parametrize("key", ["a b.mp4", "#1?x=y&z %20+'\".mp4", "🎬.mp4"])
def test_a_presigned_link_is_probed_and_decoded(client: S3Client, bucket: str, plain: Path, key: str) -> None:
    client.upload_file(str(plain), bucket, key)
    link = s3.presign(client, S3Url(bucket, key), 60)
    assert probe(link) == probe(plain)
    assert decodes(link).frames >= 25


def test_no_failure_of_a_link_repeats_its_signature(client: S3Client, bucket: str) -> None:
    client.put_object(Bucket=bucket, Key="text.mp4", Body=b"no video" * 100)
    text = s3.presign(client, S3Url(bucket, "text.mp4"), 60)
    gone = s3.presign(client, S3Url(bucket, "gone.mp4"), 60)
    wrong = text[:-4] + ("0000" if not text.endswith("0000") else "1111")
    for link, kind in ((text, BadInputError), (gone, LostError), (wrong, LostError)):
        with pytest.raises(kind, match=r"/(text|gone)\.mp4\?…") as error:
            probe(link)
        assert "X-Amz" not in str(error.value)


def test_a_link_that_does_not_answer_in_time_is_no_bad_video() -> None:
    with pytest.raises(UnreachableError, match=r"127\.0\.0\.1"):
        probe("http://127.0.0.1:9/x.mp4?secret=1", timeout=2)


def test_the_version_is_told() -> None:
    assert ffprobe_version()[0] in "n123456789"


@pytest.fixture
def fresh_path() -> None:
    ffprobe.ffprobe_path.cache_clear()


@pytest.mark.usefixtures("fresh_path")
def test_the_environment_chooses_ffprobe(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REELWORKS_FFPROBE", str(tmp_path / "nothing"))
    with pytest.raises(BadInputError, match=r"REELWORKS_FFPROBE is .*/nothing, which is no program"):
        ffprobe_path()
    true = shutil.which("true")
    monkeypatch.setenv("REELWORKS_FFPROBE", str(true))
    assert ffprobe_path() == true
    ffprobe.ffprobe_path.cache_clear()
