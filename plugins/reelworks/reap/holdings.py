"""What the services hold of ours: how it is listed, priced and ended there."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection
from typing import ClassVar

from reelworks.bytenite import api as bytenite
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.claim import is_claim_name
from reelworks.core.errors import RefusedError, VideoServiceError
from reelworks.core.flow import Flow
from reelworks.core.jobs import Job
from reelworks.core.owners import Owner, forget_owner, owner_of
from reelworks.openencoder import api as openencoder
from reelworks.openencoder.address import FOLDER, job_folder, key_of
from reelworks.openencoder.fleet import delete_machine, machine_key, price_of, renter_key
from reelworks.openencoder.hook import OpenEncoderHook
from reelworks.openencoder.jobs import all_jobs, commotion
from reelworks.pixop import api as pixop
from reelworks.pixop.hook import PixopHook
from reelworks.pixop.jobs import remove_video
from reelworks.reap.airflow import desertion, run_desertion
from reelworks.reap.finding import Thing

RENTED = 30 * 86400.0
"""Seconds for which a server that has rented a machine is not believed to rent none, unless all were given back."""


class Holdings(ABC):
    """The things of one kind that lie under one connection."""

    service: ClassVar[str]
    kind: ClassVar[str]
    desertion: Callable[[Owner], str] = staticmethod(desertion)

    def __init__(self, conn_id: str) -> None:
        self.conn_id = conn_id

    @property
    def label(self) -> str:
        """What is counted and reported together."""
        return f"{self.service} {self.kind}s, {self.conn_id}"

    def absence(self) -> str:
        """Return why there can be no such things at all under the connection; "" when there may be some.

        :raises VideoServiceError: nobody knows.
        """
        return ""

    @abstractmethod
    def things(self) -> list[Thing]:
        """List, in full, what is there and may be ours.

        :raises VideoServiceError: the list is not known in full.
        """

    def objections(self, things: Collection[Thing]) -> dict[str, str]:
        """Return, by its id, what speaks at the service against ending each of these now, if anything does."""
        return {}

    @abstractmethod
    def end(self, thing: Thing) -> str:
        """Cancel or delete it, and see that it is so; return what was done.

        :raises VideoServiceError: it is not known to be gone.
        """

    def amount(self, thing: Thing, age: float) -> str | None:
        """Return what an orphan may have cost in its ``age`` seconds, if that is known, with its unit."""
        return None

    def _thing(self, thing_id: str, name: str, key: str, state: str, amount: str | None = None) -> Thing:
        return Thing(self.service, self.kind, thing_id, name, key, state, amount)


class ByteNiteJobs(Holdings):
    """Drafts and jobs that go on."""

    service, kind = "bytenite", "job"

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.hook = ByteNiteHook(conn_id)

    def things(self) -> list[Thing]:
        """List those not over that bear a name like ours."""
        jobs: dict[str, Job] = {job.id: job for job in map(bytenite.as_job, self.hook.answer(bytenite.all_jobs()))}
        return [
            self._thing(job.id, job.name, job.name, job.state)
            for job in jobs.values()
            if not job.phase.over and is_claim_name(job.name)
        ]

    def end(self, thing: Thing) -> str:
        """Abort it; a draft is deleted by that."""
        self.hook.answer(self.hook.cancel(thing.id))
        return "deleted" if thing.state == bytenite.NEW else "aborted"

    def amount(self, thing: Thing, age: float) -> str | None:
        """Return what the job is estimated to cost; a draft costs nothing."""
        if thing.state == bytenite.NEW:
            return "0 ByteChips"
        return _known(self.hook.answer, bytenite.estimate_job(thing.id), "{} ByteChips")


class OpenEncoderJobs(Holdings):
    """Jobs that wait or run, found by where they write."""

    service, kind = "openencoder", "job"

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.hook = OpenEncoderHook(conn_id)

    def things(self) -> list[Thing]:
        """List those not over that write to a folder named like ours."""
        found = []
        for job in self.hook.answer(all_jobs()):
            name = key_of(job.name).removeprefix(f"{FOLDER}/").strip("/")
            if not job.phase.over and is_claim_name(name) and key_of(job.name) == job_folder(name):
                found.append(self._thing(job.id, name, name, job.state))
        return found

    def end(self, thing: Thing) -> str:
        """Cancel it, watch that it stays so, and remove what it has left in the server's buckets."""
        self.hook.answer(self.hook.cancel(thing.id))
        self.hook.leave_nothing(thing.id)
        return "cancelled"

    def amount(self, thing: Thing, age: float) -> str | None:
        """Return what one machine costs in that time, where machines are rented."""
        return _known(self.hook.answer, price_of(age), "{} USD")


class PixopVideos(Holdings):
    """Originals, with all that is made of them."""

    service, kind = "pixop", "video"

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.hook = PixopHook(conn_id)

    def things(self) -> list[Thing]:
        """List the originals that bear a name like ours."""
        rows = self.hook.answer(pixop.list_videos())
        named = ((str(row["id"]), str(row.get("name") or "")) for row in rows if not row.get("parentId"))
        return [self._thing(video, name, name, "") for video, name in named if is_claim_name(name)]

    def end(self, thing: Thing) -> str:
        """Delete it, and what was or is being made of it."""
        gone = self.hook.answer(remove_video(thing.id))
        return f"deleted: {', '.join(gone)}" if gone else "gone already"


class OpenEncoderMachines(Holdings):
    """Rented machines. They are all listed: the server has no names for them, so only a note tells whose one is."""

    service, kind = "openencoder", "machine"
    desertion: Callable[[Owner], str] = staticmethod(run_desertion)

    def __init__(self, conn_id: str) -> None:
        super().__init__(conn_id)
        self.hook = OpenEncoderHook(conn_id)

    def absence(self) -> str:
        """Return the server's refusal to list any: most servers rent no machines.

        :raises RefusedError: this one has; it says the same when it does not get at its provider any more.
        """
        try:
            self.hook.answer(openencoder.list_machines())
        except RefusedError as error:
            renter = owner_of(renter_key(self.conn_id))
            if renter is None or time.time() - renter.noted > RENTED:
                return str(error)
            raise RefusedError(
                f"{error}, but {renter} has rented machines there, and they may still cost: put the server's settings "
                "in order (its provider's token), or see at the provider that they are gone "
                f"(this is said for {RENTED / 86400:.0f} days)"
            ) from error
        return ""

    def things(self) -> list[Thing]:
        """List all machines of the server's tag."""
        return [
            self._thing(
                str(row["id"]), str(row.get("name") or ""), machine_key(self.conn_id, row["id"]), str(row.get("status"))
            )
            for row in self.hook.answer(openencoder.list_machines())
        ]

    def objections(self, things: Collection[Thing]) -> dict[str, str]:
        """Return what the server is doing: which machine works on what it does not say, so all of it has to rest."""
        doing = self.hook.answer(commotion())
        return {thing.id: doing for thing in things if doing}

    def end(self, thing: Thing) -> str:
        """Delete it."""
        self.hook.answer(delete_machine(openencoder.number(thing.id)))
        if not self.hook.answer(openencoder.list_machines()):
            forget_owner(renter_key(self.conn_id))
        return "deleted"

    def amount(self, thing: Thing, age: float) -> str | None:
        """Return what one machine costs in that time."""
        return _known(self.hook.answer, price_of(age), "{} USD")


def _known(answer: Callable[[Flow[str | None]], str | None], price: Flow[str | None], words: str) -> str | None:
    try:
        told = answer(price)
    except VideoServiceError:
        return None  # a courtesy: nothing is left alone for want of its price
    return words.format(told) if told else None
