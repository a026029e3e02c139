"""Waiting in tests, with a limit."""

import time
from collections.abc import Callable


def until(is_so: Callable[[], object], within: float = 15.0) -> None:
    end = time.monotonic() + within
    while not is_so():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
