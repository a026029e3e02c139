"""A file as a form: what is sent is what a server's own reading of it gives back."""

from __future__ import annotations

import email.parser
import email.policy

import pytest

from reelworks.media.multipart import FormFile, type_of

CONTENT = b"\r\n--not the boundary--\r\n" + bytes(range(256)) * 100


def parts(form: FormFile) -> list[tuple[str, bytes, bytes]]:
    """Take a body apart, without the help of what made it: headers in their own words, and content."""
    body = b"".join(form)
    boundary = form.content_type.partition("boundary=")[2].encode()
    assert body.startswith(b"--" + boundary + b"\r\n")
    assert body.endswith(b"\r\n--" + boundary + b"--\r\n")
    inner = body[len(boundary) + 4 : -len(boundary) - 8]
    head, _, content = inner.partition(b"\r\n\r\n")
    return [(type_, disposition, content) for type_, disposition in [read(head)]]


def read(head: bytes) -> tuple[str, bytes]:
    lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n"))
    assert set(lines) == {b"Content-Disposition", b"Content-Type"}
    return lines[b"Content-Type"].decode(), lines[b"Content-Disposition"]


def form(name: str, size: int = len(CONTENT)) -> FormFile:
    return FormFile("file", name, size, lambda: [CONTENT[:1000], CONTENT[1000:]])


def test_the_file_is_one_part_and_arrives_as_it_is() -> None:
    ((kind, disposition, content),) = parts(form("film.mov"))

    assert kind == "video/quicktime"
    assert disposition == b'form-data; name="file"; filename="film.mov"'
    assert content == CONTENT


def test_the_length_is_known_beforehand() -> None:
    assert form("film é.mov").len == len(b"".join(form("film é.mov")))


def test_it_can_be_read_twice() -> None:
    body = form("film.mov")

    assert list(body) == list(body)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("plain.mov", b"plain.mov"),
        ("é 漢字 🎬.mov", "é 漢字 🎬.mov".encode()),
        ('say "cut".mov', b"say %22cut%22.mov"),
        ("one\r\nContent-Type: text/html\r\n\r\n.mov", b"one%0D%0AContent-Type: text/html%0D%0A%0D%0A.mov"),
        ("back\\slash; filename=other.mov", b"back\\slash; filename=other.mov"),
        ("half \udce9.mov", b"half ?.mov"),
    ],
)
def test_no_name_breaks_out_of_its_quotes(name: str, written: bytes) -> None:
    ((_, disposition, content),) = parts(form(name))

    assert disposition == b'form-data; name="file"; filename="' + written + b'"'
    assert content == CONTENT


def test_the_content_type_of_the_form_is_one_that_parsers_take() -> None:
    header = email.parser.Parser(policy=email.policy.HTTP).parsestr(f"Content-Type: {form('a.mov').content_type}\n\n")

    assert header.get_content_type() == "multipart/form-data"
    assert header.get_boundary()


def test_two_forms_have_two_boundaries() -> None:
    assert form("a.mov").content_type != form("a.mov").content_type


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("a.mp4", "video/mp4"),
        ("A.MOV", "video/quicktime"),
        ("a.Mxf", "application/mxf"),
        ("a.mts", "video/mp2t"),
        ("a.m2ts", "video/mp2t"),
        ("a.mkv", "video/x-matroska"),
        ("a.tar.avi", "video/x-msvideo"),
        ("a", "application/octet-stream"),
        ("mov", "application/octet-stream"),
        ("a.unheard", "application/octet-stream"),
    ],
)
def test_the_type_is_what_the_suffix_promises(name: str, kind: str) -> None:
    assert type_of(name) == kind
