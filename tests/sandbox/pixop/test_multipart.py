"""The reader of forms, fed in blocks of every size."""

import random

import pytest

from sandbox.pixop.multipart import FilePart, FormReader, MultipartError, read_boundary, read_head

BOUNDARY = b"----WebKitFormBoundary7MA4YWxk"
CONTENT = random.Random(4).randbytes(3000) + b"\r\n--" + BOUNDARY[:-1] + b"!" + b"\r\n\r\n--\r\n" * 9


def form(content: bytes = CONTENT, *, before: bytes = b"", fields: int = 1) -> bytes:
    mark = b"--" + BOUNDARY
    plain = b'\r\nContent-Disposition: form-data; name="note"\r\n\r\nabc\r\n' + mark
    head = b'\r\nContent-Disposition: form-data; name="file"; filename="a.mp4"\r\nContent-Type: video/mp4\r\n\r\n'
    return before + mark + plain * fields + head + content + b"\r\n" + mark + b"--\r\n"


def read(sent: bytes, size: int) -> tuple[FormReader, bytes]:
    reader = FormReader(BOUNDARY)
    found = b"".join(bytes(part) for at in range(0, len(sent), size) for part in reader.feed(sent[at : at + size]))
    return reader, found


@pytest.mark.parametrize("size", [1, 2, 3, 7, 31, 32, 33, 64, 1000, 10**6])
def test_the_file_comes_out_whole_whatever_the_blocks(size: int) -> None:
    reader, found = read(form(), size)

    assert found == CONTENT
    assert reader.complete
    assert reader.file == FilePart("a.mp4", "video/mp4")


@pytest.mark.parametrize("content", [b"", b"\r", b"\r\n", b"\r\n--", b"--" + BOUNDARY, b"-" * 5000, b"\r\n" * 3000])
@pytest.mark.parametrize("size", [1, 5, 10**6])
def test_contents_that_look_like_boundaries_are_contents(content: bytes, size: int) -> None:
    reader, found = read(form(content), size)

    assert (found, reader.complete) == (content, True)


def test_text_before_the_first_boundary_and_other_fields_are_passed_over() -> None:
    reader, found = read(form(before=b"This is a form.\r\n", fields=3), 10)

    assert (found, reader.complete) == (CONTENT, True)


@pytest.mark.parametrize("missing", [1, 2, 4, 5, 40, 3000])
def test_a_form_that_ends_too_early_is_not_complete(missing: int) -> None:
    # The last line's end may be missing: it says nothing.
    reader, _ = read(form().removesuffix(b"\r\n")[:-missing], 100)
    assert not reader.complete


def test_a_form_without_a_file_is_not_complete() -> None:
    reader, found = read(
        b"--" + BOUNDARY + b'\r\nContent-Disposition: form-data; name="a"\r\n\r\nb\r\n--' + BOUNDARY + b"--", 9
    )
    assert (found, reader.complete) == (b"", False)


def test_no_more_is_held_back_than_a_boundary() -> None:
    reader = FormReader(BOUNDARY)
    start = form(b"")[: -len(BOUNDARY) - 8]
    given = sum(len(part) for part in reader.feed(start))

    for _ in range(50):
        given += sum(len(part) for part in reader.feed(b"x" * 10_000))
        assert len(reader._held) < len(BOUNDARY) + 4

    assert given > 499_000


def test_a_second_file_is_refused() -> None:
    second = form().replace(b"--\r\n", b'\r\nContent-Disposition: form-data; filename="b.mp4"\r\n\r\n', 1)
    with pytest.raises(MultipartError, match="more than one"):
        read(form(b"1")[:-4] + b'\r\nContent-Disposition: form-data; filename="b"\r\n\r\n' + second, 20)


def test_a_head_without_end_is_refused() -> None:
    with pytest.raises(MultipartError, match="head"):
        read(b"--" + BOUNDARY + b"\r\nX: " + b"y" * 20_000, 500)


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ('filename="clip.mp4"', "clip.mp4"),
        ('filename="../../etc/passwd"', "passwd"),
        ('filename="C:\\\\videos\\\\clip.mp4"', "clip.mp4"),
        ('filename="a\\"b.mp4"', 'a"b.mp4'),
        ('filename="a%22b.mp4"', 'a"b.mp4'),
        ('filename="M\u00fcller \U0001f3ac.mp4"', "M\u00fcller \U0001f3ac.mp4"),
        ("filename=plain.mp4", "plain.mp4"),
        ("filename=\"x\"; filename*=UTF-8''%E2%82%AC.mp4", "\u20ac.mp4"),
        ('filename=".."', "video"),
        ('filename=""', "video"),
        ('filename="a\x00\x1f\u202eb.mp4"', "ab.mp4"),
        ('filename="' + "x" * 999 + '"', "x" * 255),
    ],
)
def test_a_file_name_has_no_folders_and_nothing_odd(written: str, name: str) -> None:
    part = read_head(f"Content-Disposition: form-data; name=file; {written}")
    assert part is not None
    assert (part.name, part.type) == (name, "application/octet-stream")


@pytest.mark.parametrize(
    "kind", ["", "text/plain", "multipart/form-data", "multipart/form-data; boundary=" + "x" * 201]
)
def test_what_is_no_form_is_refused(kind: str) -> None:
    with pytest.raises(MultipartError):
        read_boundary(kind)


def test_a_boundary_may_stand_in_quotes() -> None:
    assert read_boundary('multipart/form-data; charset=utf-8; boundary="a b"') == b"a b"
