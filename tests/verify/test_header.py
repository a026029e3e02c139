from __future__ import annotations

from pathlib import Path

import pytest

from reelworks.core.presets import Rendition
from reelworks.verify.gates import Gates
from reelworks.verify.header import told_lengths
from reelworks.verify.verify import verify
from tests.media.link_server import serving
from tests.verify.sources import Sources, encode


def test_the_movie_and_its_longest_track_tell_how_long_they_are(sources: Sources) -> None:
    assert told_lengths(sources.clean) == pytest.approx((4.0, 4.0), abs=0.1)


def test_a_link_tells_the_same(sources: Sources) -> None:
    for server in serving(sources.clean.read_bytes()):
        assert told_lengths(server.link) == told_lengths(sources.clean)
        assert told_lengths(f"{server.link}?again") == told_lengths(sources.clean)


@pytest.mark.parametrize(("version", "at", "size"), [(0, 24, 4), (1, 32, 8)])
def test_both_widths_of_a_movie_header_are_read(version: int, at: int, size: int, tmp_path: Path) -> None:
    times = bytes([version, 0, 0, 0]) + bytes(2 * (8 if version else 4))
    header = times + (1000).to_bytes(4, "big") + (7500).to_bytes(size, "big") + bytes(80)
    inner = (len(header) + 8).to_bytes(4, "big") + b"mvhd" + header
    file = tmp_path / "a.mp4"
    file.write_bytes((len(inner) + 8).to_bytes(4, "big") + b"moov" + inner)

    assert told_lengths(file) == (7.5,)
    assert file.read_bytes()[8 + at : 8 + at + size] == (7500).to_bytes(size, "big")


@pytest.mark.parametrize(
    ("name", "more"),
    [("a.mp4", ["-movflags", "frag_keyframe+empty_moov"]), ("a.mkv", []), ("a.ts", [])],
)
def test_a_file_that_does_not_say_tells_nothing(name: str, more: list[str], sources: Sources, tmp_path: Path) -> None:
    assert told_lengths(encode(tmp_path / name, "-i", str(sources.clean), "-c", "copy", *more)) == ()


@pytest.mark.parametrize("body", [b"", b"moov", bytes(100), b"\0\0\0\x08moov" * 300, b"\xff" * 500])
def test_what_is_no_such_file_tells_nothing(body: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(body)

    assert told_lengths(tmp_path / "a.mp4") == ()


@pytest.mark.parametrize("box", [b"mvhd", b"tkhd"])
def test_either_header_alone_that_is_wrong_is_seen(box: bytes, sources: Sources, tmp_path: Path) -> None:
    data = bytearray(sources.clean.read_bytes())
    at = data.index(box) + (20 if box == b"mvhd" else 24)
    data[at : at + 4] = (int.from_bytes(data[at : at + 4], "big") * 2).to_bytes(4, "big")
    output = tmp_path / "output.mp4"
    output.write_bytes(data)

    promised = Rendition("output.mp4", None, None, None, None, True, True)
    verdict = verify(
        output, sources.plain, promised=promised, gates=Gates(vmaf_every=10), surveyed=sources.survey("plain")
    )

    assert [check.name for check in verdict.checks if not check.ok] == ["duration"]
