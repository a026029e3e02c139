"""One class per thing a caller would do differently; all derive from VideoServiceError."""

from __future__ import annotations


class VideoServiceError(Exception):
    """Anything that went wrong between us, a video service, S3 and a file."""


class UnreachableError(VideoServiceError):
    """No usable answer arrived: refused, reset, timed out, cut short or not what was asked for.

    Whether the service acted is unknown, so only a look may simply be repeated.
    """


class SignInUnansweredError(UnreachableError):
    """A sign-in was sent and went unanswered, at a service that may have suffered by it: not to be repeated soon."""


class BusyError(VideoServiceError):
    """The service asked for patience (429 or 5xx); ``retry_after`` is in seconds when it said so."""

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RefusedError(VideoServiceError):
    """The service understood and said no (4xx, or ``ok: false``); asking again will not help."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class SignInRefusedError(VideoServiceError):
    """The service does not accept the connection's credentials."""


class BadInputError(VideoServiceError):
    """A source, preset, parameter or connection that cannot work; names it and the remedy. Nothing was spent."""


class JobFailedError(VideoServiceError):
    """The remote job ended as failed or cancelled, confirmed by the service."""


class OverdueError(VideoServiceError):
    """The remote job was not over at its deadline."""


class StalledError(OverdueError):
    """The remote job stood still for too long; ``seen`` is what the last look showed."""

    def __init__(self, message: str, seen: str = "") -> None:
        super().__init__(message)
        self.seen = seen


class LostError(VideoServiceError):
    """The service no longer knows a thing that it once gave us an id for."""


class BadOutputError(VideoServiceError):
    """An output is missing, incomplete or not what the preset promises; it was not published."""


class NothingMadeError(BadOutputError):
    """A job claims success and has left nothing; another job may do better."""


HOPELESS = (BadInputError, BadOutputError, SignInRefusedError, RefusedError)
"""What another try would only meet again: a task fails at once, whatever its retries."""
