"""What a failed task leaves for people: the XCom ``failure``."""

from __future__ import annotations

from typing import TypedDict

from airflow.providers.common.compat.sdk import redact as masked
from airflow.sdk.exceptions import AirflowFailException

from reelworks.core.errors import VideoServiceError
from reelworks.core.redact import redact
from reelworks.process.quarantine import QuarantinedError

NOTE = "failure"
LONGEST = 500  # characters of a message


class Note(TypedDict):
    """All text; ``record`` is the address of a quarantined video's record, "" for any other failure."""

    error: str
    message: str
    money: str
    remedy: str
    record: str
    log_url: str


def note_of(error: BaseException, log_url: str) -> Note:
    """Say what is to be said of an error."""
    if isinstance(error, AirflowFailException) and isinstance(error.__cause__, VideoServiceError):
        error = error.__cause__  # it only says: no more tries
    ours = error if isinstance(error, VideoServiceError) else None
    quarantined = error if isinstance(error, QuarantinedError) else None
    return {
        "error": type(error).__name__,
        "message": _first_line(quarantined.reason if quarantined else str(error)),
        "money": ours.money if ours else "perhaps: this is none of Reelworks' own errors",
        "remedy": ours.remedy if ours else "see the task's log",
        "record": quarantined.record if quarantined else "",
        "log_url": log_url,
    }


def no_note(log_url: str) -> Note:
    """Say what is to be said of a task that left no note: its worker died, or somebody marked it."""
    return {
        "error": "",
        "message": "it left no word: its worker died, or it was marked as failed",
        "money": "perhaps: a job that was running goes on if nobody could cancel it",
        "remedy": "clear the task: it takes over what it had started",
        "record": "",
        "log_url": log_url,
    }


def _first_line(text: str) -> str:
    lines = str(masked(redact(text))).strip().splitlines()
    return lines[0][:LONGEST] if lines else ""
