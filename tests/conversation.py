"""Feed a flow with a script of replies and errors, and hear what it asks."""

import json
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from reelworks.core.flow import Call, Flow, Reply, Sleep, Step

T = TypeVar("T")
Line = Reply | Exception | Callable[[Call], Reply | Exception]


def reply(body: Any = None, status: int = 200, **headers: str) -> Reply:
    """Make the answer of a well-behaved service; header names are written with underscores."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status, {"content-type": "application/json", **named}, json.dumps(body).encode())


class Clock:
    """A wall clock that moves when somebody sleeps."""

    def __init__(self, now: float = 1_000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


class Talk:
    """Answers a flow's calls line by line; a flow that asks too often or too seldom fails the test.

    A script that is a function answers every call.
    """

    def __init__(self, script: Iterable[Line] | Callable[[Call], Reply | Exception] = (), clock: Clock | None = None):
        self.always = script if callable(script) else None
        self.script = [] if callable(script) else list(script)
        self.clock = clock or Clock()
        self.steps: list[Step] = []

    @property
    def calls(self) -> list[Call]:
        return [step for step in self.steps if isinstance(step, Call)]

    @property
    def asked(self) -> list[str]:
        return [str(call) for call in self.calls]

    @property
    def sleeps(self) -> list[float]:
        return [step.seconds for step in self.steps if isinstance(step, Sleep)]

    def hear(self, flow: Flow[T]) -> T:
        """Carry the flow to its end."""
        try:
            step = next(flow)
            while True:
                self.steps.append(step)
                assert len(self.steps) < 10_000, "the flow does not end"
                line = self._line(step)
                step = flow.throw(line) if isinstance(line, Exception) else flow.send(line)
        except StopIteration as stop:
            assert not self.script, f"{len(self.script)} lines of the script were never asked for"
            return stop.value

    def _line(self, step: Step) -> Reply | Exception | None:
        if isinstance(step, Sleep):
            self.clock.now += step.seconds
            return None
        if self.always:
            return self.always(step)
        assert self.script, f"{step} is not in the script; asked before: {self.asked[:-1]}"
        line = self.script.pop(0)
        return line if isinstance(line, Reply | Exception) else line(step)
