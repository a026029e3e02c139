"""The house with ByteNite in it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reelworks.bytenite.operators import ByteNiteEncodeOperator
from tests.guarantees.house import House


class QuickEncodeOperator(ByteNiteEncodeOperator):
    """Looks often, as a test's job is over soon."""

    quick_interval = 0.1


class ImpatientEncodeOperator(QuickEncodeOperator):
    """Defers at once, so that a test's job is waited for in the triggerer."""

    patience = 0.0


class ByteNiteHouse(House):
    """Jobs fail and outputs are called as the sandbox's settings say."""

    service = "bytenite"
    label = "ByteNite"
    quick = QuickEncodeOperator
    impatient = ImpatientEncodeOperator
    calm_settings = {  # noqa: RUF012
        "job_seconds": 0,
        "fail_next": 0,
        "result_names": "documented",
        "results_before_done": "empty",
        "results_late": 0,
        "token_lifetime": 3600,
    }
    preset = "h264_360p"
    misspelt = "h264_361p"
    broken_file = (
        "odd",
        "data:\n  outputs:\n    - output_params:\n        video: {codec: libx264, sharpness: 3}\n",
    )
    endpoints = ("create_job", "set_datasource", "set_params", "run_job", "get_job", "get_results")
    unpaid_until = "set_params"
    unanswered = (
        {"kind": "reset_before", "endpoint": "set_datasource"},
        {"kind": "status", "endpoint": "get_results"},
    )
    wrong_connections = {  # noqa: RUF012
        "wrong key": ({"password": "wrong"}, "API key"),
        "no key": ({"password": None}, "API key"),
        "wrong type": ({"conn_type": "http"}, "bytenite"),
        "plain http abroad": ({"host": "http://192.0.2.1"}, "https"),
    }
    secret_fields = ("api_key",)
    every = int(os.environ.get("REELWORKS_KILL_EVERY", "2"))
    seeds = (0, 1, 2, 3, 4, 5)

    def connection(self) -> dict[str, Any]:
        access = self.sandbox.info["bytenite"]
        return {"conn_type": "bytenite", "host": access["url"], "password": access["api_key"]}

    @contextmanager
    def failing(self) -> Iterator[None]:
        self.settings(fail_next=100)
        yield
        self.settings(fail_next=0)

    @contextmanager
    def led_astray(self) -> Iterator[dict[str, Any]]:
        self.settings(result_names="hostile")
        yield {}
        self.settings(result_names="documented")
