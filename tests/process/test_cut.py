"""A file's own sizes tell whether all of it is there; what tells none is taken as it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from reelworks.media.url import S3Url
from reelworks.process.cut import missing_bytes
from tests.process.odd_files import BOTH, FAST, FRAGMENTS, X264
from tests.sandbox.process import SandboxProcess
from tests.verify.sources import encode

TELLING = {
    "mp4": ("a.mp4", X264),
    "faststart": ("a.mp4", [*X264, *FAST]),
    "quicktime": ("a.mov", X264),
    "matroska": ("a.mkv", X264),
    "avi": ("a.avi", ["-c:v", "mpeg4", "-c:a", "mp3"]),
}
SILENT = {
    "live matroska": ("a.mkv", [*X264, "-live", "1"]),
    "stream": ("a.ts", X264),
    "flash": ("a.flv", ["-c:v", "flv", "-an"]),
    "program stream": ("a.mpg", ["-c:v", "mpeg2video", "-c:a", "mp2"]),
}


def missing(sandbox: SandboxProcess, body: bytes) -> int:
    s3: Any = sandbox.s3()
    s3.put_object(Bucket="inbox", Key="cut", Body=body)
    return missing_bytes(s3, S3Url("inbox", "cut"), len(body))


@pytest.mark.parametrize("kind", TELLING)
@pytest.mark.parametrize("bytes_cut", [0, 1, 1000])
def test_the_bytes_that_were_cut_off_are_counted(
    kind: str, bytes_cut: int, sandbox: SandboxProcess, tmp_path: Path
) -> None:
    name, arguments = TELLING[kind]
    whole = encode(tmp_path / name, *BOTH, *arguments).read_bytes()

    assert missing(sandbox, whole[: len(whole) - bytes_cut]) == bytes_cut


@pytest.mark.parametrize("kind", SILENT)
def test_what_does_not_tell_its_size_is_whole(kind: str, sandbox: SandboxProcess, tmp_path: Path) -> None:
    name, arguments = SILENT[kind]
    whole = encode(tmp_path / name, *BOTH, *arguments).read_bytes()

    assert missing(sandbox, whole[:-1000]) == 0


def test_a_cut_fragment_is_told_and_a_cut_index_behind_it_is_not(sandbox: SandboxProcess, tmp_path: Path) -> None:
    whole = encode(tmp_path / "a.mp4", *BOTH, *X264, *FRAGMENTS).read_bytes()

    assert missing(sandbox, whole[:-1]) == 0
    assert missing(sandbox, whole[:-1000]) > 0


def test_what_stands_behind_the_last_box_does_not_matter(sandbox: SandboxProcess, tmp_path: Path) -> None:
    whole = encode(tmp_path / "a.mp4", *BOTH, *X264).read_bytes()

    assert missing(sandbox, whole + b"\xff" * 100) == 0


@pytest.mark.parametrize("body", [b"", b"\0", b"\x1aE\xdf\xa3", b"RIFF", b"\0\0\0\x01mdat", b"\0\0\0\x08moov" * 3])
def test_a_stump_is_left_to_those_who_decode(body: bytes, sandbox: SandboxProcess) -> None:
    assert missing(sandbox, body or b"x") == 0
