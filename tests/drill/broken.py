"""The operators as they must not be: each variant lacks one thing that keeps a video from being paid for twice, lost,
left running or shown unverified. The shipped code has no switch for any of it; a process is broken from outside.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from reelworks.bytenite import api as bytenite
from reelworks.bytenite.encode import ByteNiteEncodeOperator
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.attempt import Attempt
from reelworks.core.claim import Claim
from reelworks.core.jobs import Phase
from reelworks.media import s3
from reelworks.openencoder import api as openencoder
from reelworks.openencoder.encode import OpenEncoderEncodeOperator
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.process.publish import Publisher


def intent_not_stored() -> None:
    """Start a job, and write down afterwards that there is one."""
    save = Claim.save
    Claim.save = lambda self, store: save(self, store) if self.job_id else self  # type: ignore[method-assign]

    def started(self: Attempt, claim: Claim) -> Claim:
        self.operator.start(claim)
        return replace(claim, max_tries=int(self.instance.max_tries or 0)).save(self.store)

    Attempt._started = started  # type: ignore[method-assign]


def no_lookup() -> None:
    """Submit without looking whether an earlier try has."""

    def find(self: Any, claim: Claim) -> Any:
        return None
        yield

    for operator in (ByteNiteEncodeOperator, OpenEncoderEncodeOperator):
        operator.find = find  # type: ignore[method-assign]


def cancel_missing() -> None:
    """Leave the job of a task that was given up to itself."""

    def cancel(self: Any, job_id: str) -> Any:
        return
        yield

    for hook in (ByteNiteHook, OpenEncoderHook):
        hook.cancel = cancel  # type: ignore[method-assign]


def success_by_default() -> None:
    """Take every job that is over for one that succeeded."""
    for phases in (bytenite.PHASES, bytenite.ENDINGS, openencoder.PHASES):
        phases.update({state: Phase.SUCCEEDED for state, phase in phases.items() if phase.over})


def publish_before_verify() -> None:
    """Copy what was made to where readers look, and verify it there."""
    verified = Publisher._verified

    def early(self: Publisher, earlier: Any) -> Any:
        for made in self.made:
            for output in made["outputs"]:
                name = self.recipe.file_name(source="", encode=made["name"], made=output["name"])
                s3.copy(self.client, s3.S3Url.parse(output["url"]), self.place.joined(name))
        return verified(self, earlier)

    Publisher._verified = early  # type: ignore[method-assign]


BROKEN: dict[str, Callable[[], None]] = {
    "intent not stored": intent_not_stored,
    "no look-up before submit": no_lookup,
    "cancel missing": cancel_missing,
    "success by default": success_by_default,
    "publish before verify": publish_before_verify,
}
