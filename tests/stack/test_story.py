"""What lands in the demo, and how it is watched."""

import io
from pathlib import Path
from typing import Any, cast

import pytest
import requests

from reelworks.core.errors import BadInputError
from reelworks.media.probe import probe
from stack import clip, story
from stack.machine import Machine
from stack.processes import NotReady
from stack.terminal import Terminal


def test_a_short_clip_keeps_its_codec_and_a_broken_one_does_not_play_through(tmp_path: Path) -> None:
    whole = clip.made_clip(tmp_path / "clip.mp4")

    short = probe(str(clip.short_clip(whole, tmp_path / "short.mp4")))
    broken = clip.broken_clip(whole, tmp_path / "broken.mp4")

    assert short.video[0].codec == "h264"
    assert short.duration == pytest.approx(clip.TAPE_SECONDS, abs=0.3)
    with pytest.raises(BadInputError):
        probe(str(broken))


class Airflow:
    """What its API says, look by look; the last stays."""

    def __init__(self, *looks: dict[str, str] | requests.RequestException) -> None:
        self.looks = list(looks)

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        look = self.looks.pop(0) if len(self.looks) > 1 else self.looks[0]
        if isinstance(look, Exception):
            raise look
        conf = {name: {"source": f"s3://inbox/landing/{name}"} for name in look}
        return [{"dag_run_id": name, "state": state, "conf": conf[name]} for name, state in look.items()]

    def tasks(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        return [{"task_id": "probe", "state": "success"}, {"task_id": "enhance", "state": "deferred"}]


class Stack:
    def __init__(self, *looks: Any) -> None:
        self.airflow, self.processes = Airflow(*looks), self

    def check(self) -> None:
        """All processes live."""


def follow_two(within: float, *looks: Any) -> tuple[list[dict[str, Any]], str]:
    out = io.StringIO()
    runs = story.follow_all(cast(Machine, Stack(*looks)), 2, Terminal(out), within)
    return runs, out.getvalue()


def test_runs_are_watched_until_all_are_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "LOOK", 0)

    runs, told = follow_two(
        5, {}, {"b.mp4": "running"}, requests.ConnectionError(), {"b.mp4": "success", "a.mp4": "failed"}
    )

    assert [run["dag_run_id"] for run in runs] == ["a.mp4", "b.mp4"]
    assert [line.split("  ")[-1] for line in told.splitlines()] == [
        "b.mp4 at enhance",
        "a.mp4 refused, b.mp4 published",
    ]


def test_who_gives_up_watching_says_how_far_each_run_was(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "LOOK", 0.01)

    with pytest.raises(NotReady, match=r"^After 0 s: a.mp4 at enhance, b.mp4 published\."):
        follow_two(0.2, {"a.mp4": "running", "b.mp4": "success"})
    with pytest.raises(NotReady, match="no run of process_video has begun"):
        follow_two(0.2, {})
