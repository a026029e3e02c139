"""Pixop's API as a stranger would call it: with requests, by hand."""

import time
from pathlib import Path
from typing import Any

import requests

from tests.sandbox.process import SandboxProcess

ENDED = ("DONE", "ERROR", "FAILED")
# Small, quick, and valid for any source.
TINY: dict[str, Any] = {
    "mediaContainerCodec": {"container": "mp4", "codec": "h264"},
    "scaler": "scale",
    "resolution": {"width": 64, "height": 36},
}


class Client:
    """Signed in, until told otherwise."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.info = sandbox.info["pixop"]
        self.base = str(self.info["url"])
        self.token = ""
        self.sign_in()

    @property
    def basic(self) -> tuple[str, str]:
        return self.info["email"], self.info["password"]

    def sign_in(self, team_id: str | None = None) -> "Client":
        answer = self.token_for(self.basic, team_id)
        assert answer.status_code == 200, answer.text
        self.token = answer.json()["jwtToken"]
        return self

    def token_for(self, basic: tuple[str, str] | None, team_id: str | None = None) -> requests.Response:
        query = {"team-id": team_id} if team_id else {}
        return requests.get(f"{self.base}/accounts/v1/token", params=query, auth=basic, timeout=20)

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        headers = {"Authorization": f"Bearer {self.token}", **more.pop("headers", {})}
        more.setdefault("timeout", 30)
        return requests.request(method, self.base + path, json=body, headers=headers, **more)

    def get(self, path: str, **query: Any) -> Any:
        params = {name.replace("_", "-"): value for name, value in query.items()}
        answer = self.call("GET", path, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings("pixop", **changes)

    def faults(self, *rules: dict[str, Any]) -> None:
        self.sandbox.faults(*rules, service="pixop")

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger("pixop")

    def create_project(self, name: str = "Holiday") -> str:
        return str(self.call("PUT", "/videos/v1/project", {"name": name}).json()["project"]["id"])

    def create(self, name: str = "clip", **more: Any) -> str:
        answer = self.call("PUT", "/videos/v1/video", {"name": name, **more})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["videoId"])

    def upload(self, video_id: str, path: Path, *, light: bool = True, **more: Any) -> requests.Response:
        place = "upload/light" if light else "upload"
        with path.open("rb") as file:
            form = {"file": (more.pop("name", path.name), file, "video/mp4")}
            return self.call("POST", f"/media/v1/{place}/{video_id}", files=form, **more)

    def video(self, video_id: str) -> dict[str, Any]:
        return dict(self.get(f"/videos/v1/video/{video_id}")["video"])

    def ingest_status(self, video_id: str) -> str | None:
        state = self.get(f"/videos/v1/check-ingest-video-progress/{video_id}")["ingestionState"]
        return str(state["ingestionStatus"]) if state else None

    def process_state(self, video_id: str) -> dict[str, Any] | None:
        return self.get(f"/videos/v1/check-process-video-progress/{video_id}")["processingState"]  # type: ignore[no-any-return]

    def process_status(self, video_id: str) -> str | None:
        state = self.process_state(video_id)
        return state["processingStatus"] if state else None

    def wait_ingest(self, video_id: str, *, seconds: float = 120) -> str:
        return _wait(lambda: self.ingest_status(video_id), seconds)

    def wait_process(self, video_id: str, *words: str, seconds: float = 120) -> str:
        return _wait(lambda: self.process_status(video_id), seconds, words or ENDED)

    def ready(self, path: Path, name: str = "clip", *, light: bool = True, **more: Any) -> str:
        """Return the id of a video that is uploaded and ingested."""
        video_id = self.create(name, **more)
        answer = self.upload(video_id, path, light=light)
        assert answer.status_code == 200, answer.text
        assert self.wait_ingest(video_id) == "DONE"
        return video_id

    def start(self, video_id: str, body: Any = None) -> requests.Response:
        return self.call("POST", f"/videos/v1/process-video/{video_id}", TINY if body is None else body)

    def process(self, video_id: str, body: Any = None) -> str:
        """Start a processing; return the processed video's id."""
        answer = self.start(video_id, body)
        assert answer.status_code == 200, answer.text
        return str(answer.json()["processedVideoId"])

    def delete(self, video_id: str) -> list[str]:
        answer = self.call("DELETE", f"/videos/v1/video/{video_id}")
        assert answer.status_code == 200, answer.text
        return [row["videoId"] for row in answer.json()["deletedVideos"]]

    def row(self, what: str, row_id: str) -> dict[str, Any]:
        """Return a line of the ledger."""
        return next(row for row in self.ledger()[what] if row["id"] == row_id)


def refusal(answer: requests.Response) -> tuple[int, str]:
    """Return status and exception of a refusal, whose shape must be the documented one."""
    body = answer.json()
    assert set(body) == {"exception", "errorMessage"}
    assert isinstance(body["errorMessage"], str)
    return answer.status_code, body["exception"]


def _wait(look: Any, seconds: float, words: tuple[str, ...] = ENDED) -> str:
    deadline = time.monotonic() + seconds
    while (word := look()) not in words:
        assert time.monotonic() < deadline, word
        time.sleep(0.02)
    return str(word)
