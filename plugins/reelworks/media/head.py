"""What can be known of a download before its first byte."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reelworks.core.errors import RefusedError
from reelworks.media.answers import Stumble, Validator, check_status, length_of
from reelworks.media.download import WHOLE
from reelworks.media.patience import Patience, Tries

if TYPE_CHECKING:
    from reelworks.media.remote import Remote

_NO_SUCH_METHOD = {405, 501}


@dataclass(frozen=True)
class Head:
    """What HEAD told: length in bytes, and what tells this content from another. ``ranges`` if parts may be had."""

    total: int | None
    validator: Validator
    ranges: bool


def look(remote: Remote, patience: Patience) -> Head:
    """Ask for the HEAD, again if it must be; a server without one tells nothing."""
    tries = Tries(patience, remote.shown)
    while True:
        try:
            return _look(remote)
        except Stumble as stumble:
            problem = stumble
        time.sleep(tries.after(problem, 0))


def _look(remote: Remote) -> Head:
    try:
        with remote.open("HEAD", WHOLE) as answer:
            check_status(answer, remote.shown)
            ranges = answer.headers.get("Accept-Ranges", "").strip().lower() != "none"
            return Head(length_of(answer), Validator.of(answer), ranges)
    except RefusedError as error:
        if error.status not in _NO_SUCH_METHOD:
            raise
        return Head(None, Validator(None, None), False)
