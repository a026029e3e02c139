"""The shipped presets, brought to a server in a real Airflow."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from reelworks.core.presets import PresetFolder
from tests.whole.whole import Whole

pytestmark = [pytest.mark.airflow, pytest.mark.timeout(200)]


class Server:
    """The server, as its own users see it."""

    def __init__(self, about: dict[str, Any]) -> None:
        self.url = about["url"]
        login = {"username": about["username"], "password": about["password"]}
        token = requests.post(f"{self.url}/api/login", json=login, timeout=20).json()["token"]
        self.headers = {"Authorization": f"Bearer {token}"}

    def presets(self) -> dict[str, dict[str, Any]]:
        answer = requests.get(f"{self.url}/api/presets?count=1000", headers=self.headers, timeout=20)
        return {preset["name"]: preset for preset in answer.json()["presets"]}

    def write(self, method: str, path: str, preset: dict[str, Any]) -> None:
        url = f"{self.url}/api/presets{path}"
        requests.request(method, url, json=preset, headers=self.headers, timeout=20).raise_for_status()


def test_presets_are_created_updated_and_reported(whole: Whole) -> None:
    server = Server(whole.machine.sandbox["openencoder"])
    shipped = server.presets()["h264_main_480p_1000"]
    server.write("PUT", f"/{shipped['id']}", {**shipped, "data": '{"raw": ["-y"]}'})
    theirs = {"name": whole.prefix, "description": "theirs", "output": "theirs.mp4", "data": "{}", "active": True}
    server.write("POST", "", theirs)

    run = whole.run("sync_presets")

    assert run.until_over() == "success"
    after = server.presets()
    assert set(PresetFolder("openencoder").names()) <= after.keys()
    assert "scale" in after["h264_main_480p_1000"]["data"]
    report = run.xcom("sync_presets")
    assert "h264_quality_720p" in report["created"]
    assert "h264_main_480p_1000" in report["updated"]
    assert whole.prefix in report["only_on_server"]
    assert after[whole.prefix]["data"] == "{}"
