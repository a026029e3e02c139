"""Signing in: one token per lifetime and process, renewed before it expires and once after a 401."""

from __future__ import annotations

import hashlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from reelworks.core import metrics
from reelworks.core.errors import LostError, SignInRefusedError, SignInUnansweredError, UnreachableError
from reelworks.core.flow import Call, Flow, Reply, Sleep

T = TypeVar("T")

MARGIN = 60.0
"""Seconds before its end at which a token is renewed; a tenth of its lifetime when that is shorter."""

GRUDGE = 60.0
"""Seconds for which refused credentials are not tried again by this process, however many tasks wait for them."""


@dataclass(frozen=True, slots=True)
class Token:
    """A bearer of trust; ``lifetime`` in seconds, None when the service does not tell or it never ends."""

    value: str = field(repr=False)
    lifetime: float | None = None


class Session:
    """Carries flows that need a token: signs in when there is none, renews it, and adds it to each signed call.

    Safe to share between threads and coroutines: whoever finds the token stale first renews it and the others
    wait, so that a thousand waits on one connection sign in once.
    """

    def __init__(
        self,
        sign_in: Callable[[], Flow[Token]],
        headers: Callable[[str], dict[str, str]],
        expired: Callable[[Reply], bool] = lambda reply: reply.status == 401,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._sign_in = sign_in
        self._headers = headers
        self._expired = expired
        self._clock = clock
        self._gate = threading.Lock()
        self._token: Token | None = None
        self._renew_at = 0.0
        self._refusal: tuple[float, SignInRefusedError | SignInUnansweredError] | None = None

    def carry(self, flow: Flow[T]) -> Flow[T]:
        """Wrap ``flow`` so that its signed calls carry a valid token."""
        answer: Reply | None
        try:
            step = next(flow)
            while True:
                try:
                    # A whole URL may be anybody's: the token stays at home.
                    if isinstance(step, Call) and step.signed and "://" not in step.path:
                        answer = yield from self._signed(step)
                    else:
                        answer = yield step
                except Exception as error:
                    step = flow.throw(error)
                else:
                    step, answer = flow.send(answer), None  # else it would be kept for as long as the flow sleeps
        except StopIteration as stop:
            return stop.value  # type: ignore[no-any-return]
        finally:
            flow.close()

    def forget(self) -> None:
        """Have the next signed call sign in anew: what takes long should have a whole lifetime before it."""
        self._renew_at = 0.0

    def _signed(self, call: Call) -> Flow[Reply]:
        token = yield from self._current()
        reply: Reply = yield self._with(call, token)
        if not self._expired(reply):
            return reply
        if self._token is token:  # nobody renewed it meanwhile
            self._token = None
        renewed = yield from self._current()
        reply = yield self._with(call, renewed)
        if self._expired(reply):
            raise SignInRefusedError(f"{call} answered {reply.status} although the sign-in is new")
        return reply

    def _with(self, call: Call, token: Token) -> Call:
        return replace(call, headers={**call.headers, **self._headers(token.value)})

    def _current(self) -> Flow[Token]:
        pause = 0.05
        while (token := self._fresh()) is None:
            if not self._gate.acquire(blocking=False):
                yield Sleep(pause)  # somebody else in this process is signing in
                pause = min(1.0, 2 * pause)
                continue
            try:
                # What a sign-in brings is used even if it is stale already: asking again would bring the same.
                return self._fresh() or (yield from self._renew())
            finally:
                self._gate.release()
        return token

    def _fresh(self) -> Token | None:
        return self._token if self._clock() < self._renew_at else None

    def _renew(self) -> Flow[Token]:
        asked = self._clock()
        if self._refusal and asked - self._refusal[0] < GRUDGE:
            raise type(self._refusal[1])(str(self._refusal[1]))
        try:
            token = yield from self._sign_in()
        except (SignInRefusedError, SignInUnansweredError) as error:
            self._refusal = (asked, error.with_traceback(None))
            metrics.SIGN_INS.add(result="refused" if isinstance(error, SignInRefusedError) else "unanswered")
            raise
        except LostError as error:
            # The flow that is being signed in for would take it for the loss of its job.
            raise UnreachableError(f"{error}: is this the service's address?") from None
        metrics.SIGN_INS.add(result="accepted")
        lifetime = token.lifetime if token.lifetime is not None else float("inf")
        self._token, self._renew_at = token, asked + lifetime - min(MARGIN, lifetime / 10)
        return token


_SESSIONS: dict[str, Session] = {}


def shared_session(parts: tuple[str, ...], make: Callable[[], Session]) -> Session:
    """Return this process's one session for these credentials; ``parts`` are kept only as a digest."""
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    return _SESSIONS.setdefault(key, make())
