"""Where a download comes from: anything that answers GET and HEAD with a Range."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Protocol, Self

from reelworks.core.errors import BadInputError, RefusedError
from reelworks.core.redact import redact
from reelworks.media.answers import Stumble, kind_of
from reelworks.media.patience import Patience

if TYPE_CHECKING:
    from requests import Response


class Remote(Protocol):
    """Something to be downloaded; ``shown`` is its name in logs and errors, without secrets."""

    shown: str

    def open(self, method: str, headers: Mapping[str, str]) -> AbstractContextManager[Response]:
        """Ask for it; the body is still to be read. Stumble if a second try may do better."""
        ...


class Link:
    """What lies behind a link, presigned perhaps. For one thread."""

    def __init__(self, link: str, patience: Patience) -> None:
        import requests

        self.shown = redact(link)
        self._link = link
        self._timeouts = (patience.connect_timeout, patience.read_timeout)
        self._session = requests.Session()
        # Without this, requests adds credentials from ~/.netrc, which voids a presigned link.
        self._session.auth = lambda request: request

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._session.close()

    @contextmanager
    def open(self, method: str, headers: Mapping[str, str]) -> Iterator[Response]:
        """Ask for it; redirects are followed."""
        with self._answer(method, headers) as answer:
            yield answer

    def _answer(self, method: str, headers: Mapping[str, str]) -> Response:
        from requests import exceptions

        try:
            return self._session.request(method, self._link, headers=dict(headers), stream=True, timeout=self._timeouts)
        # Their texts hold the whole link, signature and all: `from None` keeps it out of tracebacks.
        except (exceptions.MissingSchema, exceptions.InvalidSchema, exceptions.InvalidURL):
            raise BadInputError(f"{self.shown!r} is no http(s) link") from None
        except exceptions.TooManyRedirects:
            raise RefusedError(f"{self.shown} redirects in circles") from None
        except exceptions.RequestException as error:
            raise Stumble(kind_of(error)) from None
