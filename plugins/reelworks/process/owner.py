"""Whose a place is: ``a.mp4`` and ``a.mov`` have one, and it goes to the first of them that can be worked on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reelworks.core.errors import BadInputError, BusyError
from reelworks.media import s3
from reelworks.process.hold import Note, Notes
from reelworks.process.record import Record, read_record

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

TRIES = 5


def reserved(client: S3Client, place: s3.S3Url, source: str) -> Record | None:
    """Keep a place for a source until something is published there; return what is published there by now.

    A source that is no longer in S3 keeps nothing: a new master may have another suffix than the one that it replaces.

    :raises BadInputError: it is kept for another, or the outputs of another are there.
    """
    is_new = _keep(client, place, source)
    # Read after it is kept: a publication writes its manifest before it lets the place go.
    record = read_record(client, place)
    try:
        check_owner(client, place, source, record)
    except BadInputError:
        if is_new:
            _forget(client, place, source)
        raise
    return record


def check_owner(client: S3Client, place: s3.S3Url, source: str, record: Record | None) -> None:
    """See that outputs do not go where those of another source are that is still there. BadInputError: they would."""
    if record and record.source.url != source:
        _check_gone(client, place, source, record.source.url)


def _keep(client: S3Client, place: s3.S3Url, source: str) -> bool:
    notes = Notes(client, place)
    for _ in range(TRIES):
        found, etag = notes.read()
        if found and found.source == source:
            return False
        if found:
            _check_gone(client, place, source, found.source)
        if notes.write(Note(source), etag):
            return True
    raise BusyError(f"{notes.url} is written by others again and again")


def _forget(client: S3Client, place: s3.S3Url, source: str) -> None:
    notes = Notes(client, place)
    found, etag = notes.read()
    if found == Note(source):
        notes.remove(etag)


def _check_gone(client: S3Client, place: s3.S3Url, source: str, other: str) -> None:
    if s3.is_there(client, s3.S3Url.parse(other)):
        raise BadInputError(
            f"{source} and {other} have one place for their outputs, {place}, and the other has it: rename this one; "
            f"or, if it replaces the other, remove {other} and clear this run"
        )
