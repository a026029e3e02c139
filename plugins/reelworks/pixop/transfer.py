"""Files to Pixop and from it: long, larger than memory, and longer than any token lives."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING

from reelworks.core import metrics
from reelworks.core.errors import BadInputError, BusyError, UnreachableError
from reelworks.core.flow import Call, Flow, ask_headers, foreign, is_foreign, refusal
from reelworks.core.hook import VideoServiceHook
from reelworks.core.transport import reply_of
from reelworks.media.answers import Stumble
from reelworks.media.fetch import fetch
from reelworks.media.files import PartialFile
from reelworks.media.multipart import ANY_TYPE, FormFile, type_of
from reelworks.media.outgoing import Outgoing, outgoing
from reelworks.media.patience import Patience
from reelworks.media.progress import Meter
from reelworks.media.transfer import Stored
from reelworks.media.upload import Upload
from reelworks.media.url import S3Url
from reelworks.pixop.api import download_path
from reelworks.pixop.calls import ask, path_of, said

if TYPE_CHECKING:
    from requests import Response
    from types_boto3_s3 import S3Client

log = logging.getLogger(__name__)

FIELD = "file"
SILENCE = 300.0
"""Seconds without a byte taken or an answer given after which an upload is lost; it is answered when all is stored."""

_PAST_THE_END = 416


def upload_video(
    hook: VideoServiceHook, video_id: str, source: str, client: S3Client | None, *, light: bool = False
) -> int:
    """Send ``s3://bucket/key`` or a local file as the original of a video; return its size in bytes.

    One request, in constant memory, begun with a new token. It is not repeated: when its answer is lost, the video
    has to be looked at.

    :raises BadInputError: the source is missing or empty, or changed while it was sent; it did not arrive.
    :raises UnreachableError: no answer came; it may have arrived.
    :raises BusyError, LostError, RefusedError, SignInRefusedError: the service said no.
    """
    path = path_of("light upload" if light else "upload", video_id)
    file = outgoing(source, client)
    form = FormFile(FIELD, file.name, file.size, lambda: _metered(file, f"sent {source}"))
    call = Call("POST", path, body=form, headers={"Content-Type": form.content_type}, timeout=SILENCE)
    log.info("sending %s to video %s: %d bytes", source, video_id, file.size)
    hook.sign_in_anew()
    began = time.monotonic()
    hook.answer(ask(call))
    with metrics.of_service(hook.conn_type):
        metrics.transferred("sent", file.size, time.monotonic() - began)
    log.info("sent %s to video %s", source, video_id)
    return file.size


def download_video(
    hook: VideoServiceHook, video_id: str, target: S3Url | Path, client: S3Client | None, *, original: bool = False
) -> Stored:
    """Fetch a processed video (or an original) to S3 or into a local file, which appears whole or not at all.

    :raises LostError: there is no such video, or it has no media.
    :raises BadInputError: the target cannot be written.
    :raises UnreachableError, BusyError: Pixop stays silent, or the video changes again and again.
    :raises RefusedError, SignInRefusedError: it says no.
    """
    media = fetch_video(hook, video_id, original=original)
    if isinstance(target, Path):
        return media.to_file(target)
    if client is None:
        raise BadInputError(f"{target} lies in S3: name an AWS connection")
    return media(client, target)


def fetch_video(hook: VideoServiceHook, video_id: str, *, original: bool = False) -> RemoteMedia:
    """Return a fetcher for ``Delivery.publish``; nothing is asked before it is called."""
    return RemoteMedia(hook, video_id, original=original)


class RemoteMedia:
    """The media of a video, to be fetched. Every request is signed with the token of the moment, from any thread."""

    def __init__(
        self, hook: VideoServiceHook, video_id: str, *, original: bool = False, patience: Patience | None = None
    ) -> None:
        self.shown = f"Pixop {'original' if original else 'processed'} {video_id}"
        self._hook = hook
        self._path = path_of("original" if original else "processed", video_id)
        self._patience = patience or Patience()

    def __call__(self, client: S3Client, target: S3Url) -> Stored:
        """Fetch it to S3; its parts are taken away again if that fails."""
        kind = type_of(target.name)
        content_type = None if kind == ANY_TYPE else kind
        size, sha256 = fetch(self, lambda: Upload(client, target, content_type), self._patience)
        return Stored(target, size, sha256)

    def to_file(self, path: Path) -> Stored:
        """Fetch it into a local file."""
        size, sha256 = fetch(self, lambda: PartialFile(path), self._patience)
        return Stored(path, size, sha256)

    @contextmanager
    def open(self, method: str, headers: Mapping[str, str]) -> Iterator[Response]:
        """Ask for it, or for a part; a 416 is given like a good answer."""
        call = Call(method, self._path, headers=headers, timeout=self._patience.read_timeout)
        with ExitStack() as opened:
            try:
                answer = opened.enter_context(self._hook.stream(call))
                if answer.status_code >= 400 and answer.status_code != _PAST_THE_END:
                    reply = reply_of(answer)
                    raise foreign(call, reply) if is_foreign(reply) else refusal(call, reply, said)
            except UnreachableError as error:
                raise Stumble(str(error)) from None
            except BusyError as error:
                raise Stumble(str(error), error.retry_after, busy=True) from None
            yield answer


def _metered(file: Outgoing, what: str) -> Iterator[bytes]:
    meter, done = Meter(what, file.size), 0
    for chunk in file.chunks():
        yield chunk
        done += len(chunk)
        meter.reached(done)


def file_name(video: str) -> Flow[str]:
    """Ask what a processed video's file is called; nothing if the service does not tell."""
    headers = yield from ask_headers(Call("HEAD", download_path(video)))
    message = Message()
    message["Content-Disposition"] = headers.get("content-disposition", "")
    return message.get_filename() or ""
