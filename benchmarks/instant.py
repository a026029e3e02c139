"""Results of the sandbox's ByteNite in its instant mode: made once for each preset, whatever the source."""

from __future__ import annotations

import time

import requests

from reelworks.bytenite import api
from reelworks.bytenite.data import BUCKET, url_source
from reelworks.bytenite.hook import ByteNiteHook
from reelworks.bytenite.jobs import start_job, wait_for_results
from reelworks.bytenite.presets import ByteNitePreset
from reelworks.core.jobs import wait_for_job
from reelworks.core.presets import load


def result_link(hook: ByteNiteHook, preset: str = "h264_360p") -> str:
    """Run a job, and return the link of its first result."""
    job_id = hook.answer(api.create_job("instant result"))
    params = load("bytenite", preset, ByteNitePreset).params()
    source = url_source("http://127.0.0.1/nothing.mp4")  # not read in the instant mode
    hook.answer(start_job(job_id, source=source, destination=BUCKET, params=params))
    hook.answer(wait_for_job(lambda: hook.look(job_id), interval=0.2, deadline=time.time() + 60))
    return next(iter(hook.answer(wait_for_results(job_id)).values()))


def instant_clip(preset: str) -> bytes:
    """Return a result of the connection ``bytenite_default``.

    As the source of an instant encode it is what its result is compared with, and found alike.
    """
    answer = requests.get(result_link(ByteNiteHook(), preset), timeout=60)
    answer.raise_for_status()
    return answer.content
