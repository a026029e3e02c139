"""Carry a download to where it is wanted: in parts side by side if it can be, else in one."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Callable

from reelworks.core import metrics
from reelworks.core.errors import UnreachableError
from reelworks.media.download import ChangedError, Download
from reelworks.media.head import Head, look
from reelworks.media.patience import Patience
from reelworks.media.progress import Meter
from reelworks.media.ranges import NoRangesError, RangedFetch
from reelworks.media.remote import Remote
from reelworks.media.sink import Sink

log = logging.getLogger(__name__)

STARTS = 3
"""Times a download that changes under way is begun."""


def fetch(remote: Remote, open_sink: Callable[[], Sink], patience: Patience) -> tuple[int, str]:
    """Carry a download into a sink, which is opened anew for each start; return its size in bytes and sha256 (hex).

    :raises LostError: it is not there.
    :raises UnreachableError, BusyError: the other side stays silent, or asks for too much patience.
    :raises RefusedError, SignInRefusedError: it says no.
    """
    starts, ranges, began = 0, True, time.monotonic()
    while starts < STARTS:
        head = look(remote, patience)
        try:
            with open_sink() as sink:
                if head.total is None or not (head.ranges and ranges):
                    size, sha256 = _in_one(remote, sink, head, patience)
                else:
                    size, sha256 = head.total, _in_parts(remote, sink, head, head.total, patience)
            metrics.transferred("received", size, time.monotonic() - began)
            return size, sha256
        except NoRangesError:
            log.info("%s is only given as a whole", remote.shown)
            ranges = False
        except ChangedError:
            log.warning("%s changed while it was read", remote.shown)
            starts += 1
    raise UnreachableError(f"{remote.shown} changed while it was read, {STARTS} times")


def _in_parts(remote: Remote, sink: Sink, head: Head, total: int, patience: Patience) -> str:
    sink.expect(total)
    meter = Meter(f"fetched {remote.shown}", total)
    digest = RangedFetch(remote, sink, head, total, patience).run(meter.reached)
    # A server may name the ETag in its HEAD only; what is one answer cannot be mixed.
    if total > sink.part_size() and not _same(head, look(remote, patience)):
        raise ChangedError
    sink.finish()
    return digest


def _same(head: Head, later: Head) -> bool:
    return later.total == head.total and head.validator.agrees(later.validator)


def _in_one(remote: Remote, sink: Sink, head: Head, patience: Patience) -> tuple[int, str]:
    sha256, download = hashlib.sha256(), Download(remote, None, patience)
    meter = Meter(f"fetched {remote.shown}", head.total)
    for chunk in download.chunks(sha256):
        sink.expect(download.total)
        sink.write(chunk)
        meter.reached(download.position)
    if head.total is not None and download.total is None and download.position < head.total:
        raise ChangedError  # cut, and its GET did not say so
    sink.finish()
    return download.position, sha256.hexdigest()
