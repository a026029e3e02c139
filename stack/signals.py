"""Turns signals and an overrun clock into one exception, so that every way out passes through the same ``finally``."""

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM)


class Interrupted(BaseException):
    """Someone, or the wall clock, wants the stack to stop."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number

    def __str__(self) -> str:
        return "It took too long" if self.number == signal.SIGALRM else signal.Signals(self.number).name

    @property
    def exit_code(self) -> int:
        """What a shell reports for a process ended by this signal; 1 for the wall clock."""
        return 1 if self.number == signal.SIGALRM else 128 + self.number


@contextlib.contextmanager
def interruptible(limit: int = 0) -> Iterator[None]:
    """Raise Interrupted on SIGINT, SIGTERM, SIGHUP, and after ``limit`` seconds (0: never)."""
    before = {number: signal.getsignal(number) for number in ENDING}
    for number in ENDING:
        # A caller that had SIGHUP ignored (nohup) wants it ignored.
        if number != signal.SIGHUP or before[number] != signal.SIG_IGN:
            signal.signal(number, _raise)
    signal.alarm(limit)
    try:
        yield
    finally:
        signal.alarm(0)
        for number, handler in before.items():
            signal.signal(number, handler)


def shield() -> None:
    """Ignore the signals from now on: stopping is under way, takes seconds, and must be finished."""
    for number in ENDING:
        signal.signal(number, signal.SIG_IGN)


def _raise(number: int, _frame: FrameType | None) -> None:
    shield()
    raise Interrupted(number)
