"""The house with a Pixop in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from reelworks.pixop import jobs, sending
from reelworks.pixop.enhance import PixopEnhanceOperator
from tests.guarantees.house import House
from tests.task_process import Outcome, TaskLife

TINY = """
description: As small as it gets, so that it costs nothing.
request:
  mediaContainerCodec: {container: mp4, codec: h264}
  scaler: scale
  resolution: {height: 64, aspectRatioTag: display}
"""


class QuickEnhanceOperator(PixopEnhanceOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1


class ImpatientEnhanceOperator(QuickEnhanceOperator):
    """Defers at once, so that a test's job is waited for in the triggerer."""

    patience = 0.0


class PixopHouse(House):
    """Has a preset of its own, and also sees the videos that are left at Pixop."""

    service = "pixop"
    label = "Pixop"
    quick = QuickEnhanceOperator
    impatient = ImpatientEnhanceOperator
    calm_settings = {  # noqa: RUF012
        "job_seconds": 0,
        "ingest_seconds": 0,
        "fail_next": 0,
        "fail_next_ingest": 0,
        "token_lifetime": 900,
    }
    preset = "tiny"
    misspelt = "tinny"
    broken_file = ("tiny", TINY + "  sharpness: 3\n")
    endpoints = (
        "create_video",
        "get_video",
        "upload_light_media",
        "check_ingest_progress",
        "list_videos",
        "process_video",
        "check_process_progress",
        "download_processed",
        "delete_video",
    )
    look = "check_process_progress"
    unpaid_until = "upload_light_media"
    unanswered = (
        {"kind": "reset_before", "endpoint": "process_video"},
        {"kind": "status", "endpoint": "download_processed"},
    )
    wrong_connections = {  # noqa: RUF012
        "wrong password": ({"password": "wrong"}, "password"),
        "no password": ({"password": None}, "password"),
        "no e-mail": ({"login": None}, "e-mail"),
        "unknown team": ({"extra": {"team_id": "nobody"}}, "team"),
        "wrong type": ({"conn_type": "http"}, "pixop"),
        "plain http abroad": ({"host": "http://192.0.2.1"}, "https"),
    }
    secret_fields = ("password",)
    processes = 6  # an ingest is waited for as well, and an upload begins with a new token
    every = int(os.environ.get("REELWORKS_KILL_EVERY", "5"))

    def connection(self) -> dict[str, Any]:
        access = self.sandbox.info["pixop"]
        login = {"login": access["email"], "password": access["password"]}
        return {"conn_type": "pixop", "host": access["url"], "extra": {"team_id": access["team_id"]}, **login}

    def furnish(self, monkeypatch: pytest.MonkeyPatch) -> None:
        presets = self.folder / "presets"
        (presets / "pixop").mkdir(parents=True)
        (presets / "pixop" / f"{self.preset}.yaml").write_text(TINY)
        monkeypatch.setenv("REELWORKS_PRESETS", str(presets))
        monkeypatch.setattr(sending, "PAUSES", (0.1, 0.5, 0.5))
        monkeypatch.setattr(jobs, "PAUSES", (0.1, 0.2, 0.3))
        monkeypatch.setattr(jobs, "LANDING", 1.0)

    def start(self, life: TaskLife) -> Outcome:
        """Go on over the deferral in which the ingest is waited for."""
        outcome = super().start(life)
        while outcome.state == "deferred" and not self.ledger()["unfinished"]:
            outcome = life.resume(life.run_trigger().event)
        return outcome

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.settings(fail_next=100)
        yield
        self.settings(fail_next=0)

    @contextmanager
    def led_astray(self) -> Iterator[dict[str, Any]]:
        yield {}  # our own name is given to what Pixop makes

    def unfinished(self) -> list[Any]:
        """Originals that nobody has deleted: what is made of them goes with them."""
        return self._new("unfinished", [video["id"] for video in self._alive() if not video["parentId"]])

    def traces(self) -> dict[str, list[Any]]:
        alive = self._new("alive", [video["id"] for video in self._alive()])
        return {**super().traces(), **({"alive": alive} if alive else {})}

    def _alive(self) -> list[dict[str, Any]]:
        return [video for video in self.ledger()["videos"] if not video["deleted"]]
