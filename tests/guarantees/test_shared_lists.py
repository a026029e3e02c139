"""Many waits at ByteNite: what one list shows, nobody looks at by himself."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress

import pytest

from reelworks.bytenite import api
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.core.trigger import JobTrigger, hook_path
from tests.guarantees.house import House

pytestmark = pytest.mark.only("bytenite")

JOBS, INTERVAL = 16, 3.0


def asked(house: House) -> Counter[str]:
    count: Counter[str] = Counter()
    for row in house.ledger()["requests"]:
        count[row["endpoint"]] += row["count"]
    return count


def test_waits_learn_of_their_jobs_from_lists(house: House) -> None:
    hook = ByteNiteHook()
    drafts = [hook.answer(api.create_job(f"shared-{number}")) for number in range(JOBS)]
    before = asked(house)

    async def wait(job_id: str) -> str:
        told = {"conn_id": hook.conn_id, "job_id": job_id, "interval": INTERVAL, "timeout": 60.0, "ends_task": True}
        trigger = JobTrigger(hook=hook_path(ByteNiteHook), **told)  # type: ignore[arg-type]
        async for event in trigger.run():
            return str(event.payload)
        raise AssertionError("a wait ends with an event")

    async def play() -> list[str]:
        waits = [asyncio.create_task(wait(job_id)) for job_id in drafts]
        await asyncio.sleep(3 * INTERVAL)
        assert not any(each.done() for each in waits)
        for job_id in drafts[:3]:
            await asyncio.to_thread(hook.answer, api.delete_job(job_id))
        ended = await asyncio.wait_for(asyncio.gather(*waits[:3]), 60)
        for each in waits[3:]:
            each.cancel()
            with suppress(asyncio.CancelledError):
                await each
        return ended

    ended = asyncio.run(play())
    looked = asked(house) - before
    for job_id in drafts[3:]:
        hook.answer(api.delete_job(job_id))

    assert all("404" in event for event in ended)
    assert looked["list_jobs"] >= 3
    assert looked["get_job"] < 2 * JOBS  # each for itself: at least as many in every interval
