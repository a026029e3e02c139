"""One class per thing a caller would do differently; all derive from VideoServiceError."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar


class VideoServiceError(Exception):
    """Anything that went wrong between us, a video service, S3 and a file.

    What a class says of itself is for people: it stands in docs/operate.md and in what is sent when a run fails.
    """

    money: ClassVar[str]
    """Whether money is at risk: "no", "perhaps" or "yes", and why."""
    retried: ClassVar[str]
    """Whether Airflow's retries are used: "yes" or "no", or for which operators."""
    remedy: ClassVar[str]
    """What to do, when no retry has helped."""


class UnreachableError(VideoServiceError):
    """No usable answer arrived: refused, reset, timed out, cut short or not what was asked for.

    Whether the service acted is unknown, so only a look may simply be repeated.
    """

    money = "perhaps: a retry takes over what was started, but after the last one nobody could cancel it"
    retried = "yes"
    remedy = "see whether the service and the way to it are up, then clear the task: it looks for its job by name first"


class SignInUnansweredError(UnreachableError):
    """A sign-in was sent and went unanswered, at a service that may have suffered by it: not to be repeated soon."""

    money = "perhaps: a job that runs goes on until a retry takes it over"
    retried = "yes"
    remedy = "see whether the service is up, and clear the task after some minutes: many sign-ins may lock the account"


class BusyError(VideoServiceError):
    """The service asked for patience (408, 425, 429 or 5xx); ``retry_after`` is in seconds when it said so."""

    money = "perhaps: a retry takes over what was started, but after the last one nobody could cancel it"
    retried = "yes"
    remedy = "if it lasts, give the service's pool fewer slots; then clear the task"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(VideoServiceError):
    """The service understood and said no (4xx, or ``ok: false``); asking again will not help."""

    money = (
        "perhaps: an operator that sees a whole job through cancels it, unless its result is there already or that is"
        " refused, too; one that makes a single call cancels nothing"
    )
    retried = "no"
    remedy = "read the service's reason in the message (a right, a balance, a parameter); mend it, then clear the task"

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class SignInRefusedError(VideoServiceError):
    """The service does not accept the connection's credentials."""

    money = "perhaps: a job that was running could not be cancelled, and goes on"
    retried = "no"
    remedy = "correct the connection, press its test button, then clear the task: a job that went on is taken over"


class BadInputError(VideoServiceError):
    """A source, preset, parameter or connection that cannot work; names it and the remedy."""

    money = (
        "perhaps: mostly nothing was started yet; else it is cancelled if it can be, and a result that is there already"
        " is left for the cleared task"
    )
    retried = "no"
    remedy = "do what the message says, then clear the task"


class JobFailedError(VideoServiceError):
    """The remote job ended as failed or cancelled, confirmed by the service."""

    money = "yes: what the job cost; a retry is a new, paid job"
    retried = "yes"
    remedy = "see the job in the service's own pages; clear the task for a new one"


class OverdueError(VideoServiceError):
    """The remote job was not over at its deadline."""

    money = "yes: what the job cost until it was cancelled; a retry is a new, paid job"
    retried = "yes"
    remedy = "find out what holds the service up, or raise `deadline`; then clear the task"


class StalledError(OverdueError):
    """The remote job stood still for too long; ``seen`` is what the last look showed."""

    money = "yes: what the job cost until it was cancelled; a retry is a new, paid job"
    retried = "yes"
    remedy = "see whether the server's workers live and can read the source; then clear the task"

    def __init__(self, message: str, seen: str = "") -> None:
        super().__init__(message)
        self.seen = seen


class LostError(VideoServiceError):
    """The service no longer knows a thing that it once gave us an id for."""

    money = "yes: what the lost job cost; a retry is a new, paid job"
    retried = "yes"
    remedy = "ask who deletes jobs there, or whether the connection names another server now"


class BadOutputError(VideoServiceError):
    """An output is missing, incomplete or not what the preset promises; it was not published."""

    money = "yes: what the job cost; a cleared encode is a new, paid job, a cleared `verify_and_publish` is not"
    retried = "no"
    remedy = (
        "look at the outputs in the staging prefix that the message names; mend preset or gates, then clear the task"
    )


class NothingMadeError(BadOutputError):
    """A job claims success and has left nothing; another job may do better."""

    money = "yes: what the job cost; a retry is a new, paid job"
    retried = "by the operators that see a whole job through"
    remedy = "see the server's own log and the room on its disks; then clear the task"


HOPELESS = (BadInputError, BadOutputError, SignInRefusedError, RefusedError)
"""What another try would only meet again: a task fails at once, whatever its retries."""


def all_errors(above: type[VideoServiceError] = VideoServiceError) -> Iterator[type[VideoServiceError]]:
    """Give each of our classes that has been imported, those of a kind together, in the same order each time."""
    for kind in sorted(above.__subclasses__(), key=lambda kind: kind.__module__):
        if kind.__module__.startswith("reelworks."):
            yield kind
        yield from all_errors(kind)


def as_markdown() -> str:
    """Return the table of docs/operate.md, of the classes that have been imported."""
    rows = [
        f"| `{each.__name__}` | {_first_sentence(each.__doc__)} | {each.money} | {each.retried} | {each.remedy} |"
        for each in all_errors()
    ]
    return "\n".join(["| Class | Meaning | Money at risk | Retried | What to do |", "|---|---|---|---|---|", *rows])


def _first_sentence(text: str | None) -> str:
    return " ".join((text or "").strip().partition("\n\n")[0].split())
