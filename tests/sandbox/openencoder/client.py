"""Open Encoder's API as a stranger would call it: with requests, by hand."""

import json
import time
from pathlib import Path
from typing import Any

import requests

from tests.sandbox.process import SandboxProcess

ENDED = ("completed", "error", "cancelled")
# Small and quick, and of the server's own form A.
TINY = {"raw": ["-vf scale=-2:64", "-c:v libx264", "-preset ultrafast", "-y"]}


class Client:
    """Signed in as admin, until told otherwise."""

    def __init__(self, sandbox: SandboxProcess) -> None:
        self.sandbox = sandbox
        self.info = sandbox.info["openencoder"]
        self.base = str(self.info["url"])
        self.headers: dict[str, str] = {}
        self.sign_in(self.info["username"], self.info["password"])

    def sign_in(self, username: str, password: str) -> "Client":
        answer = requests.post(f"{self.base}/api/login", json={"username": username, "password": password}, timeout=20)
        self.headers = {"Authorization": "Bearer " + answer.json()["token"]}
        return self

    def call(self, method: str, path: str, body: Any = None, **more: Any) -> requests.Response:
        more.setdefault("headers", self.headers)
        return requests.request(method, f"{self.base}/api{path}", json=body, timeout=20, allow_redirects=False, **more)

    def get(self, path: str) -> Any:
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def settings(self, **changes: Any) -> dict[str, Any]:
        return self.sandbox.settings("openencoder", **changes)

    def ledger(self) -> dict[str, Any]:
        return self.sandbox.ledger("openencoder")

    def deadly(self) -> list[str]:
        return [call["call"] for call in self.ledger()["deadly"]]

    def add_preset(self, name: str, data: Any = None, output: str = "tiny.mp4") -> int:
        text = data if isinstance(data, str) else json.dumps(TINY if data is None else data)
        body = {"name": name, "description": name, "output": output, "data": text, "active": True}
        answer = self.call("POST", "/presets", body)
        assert answer.status_code == 201, answer.text
        return int(answer.json()["preset"]["id"])

    def create(self, source: str = "src/clip.mp4", dest: str = "out/", preset: str = "tiny") -> int:
        answer = self.call("POST", "/jobs", {"preset": preset, "source": source, "dest": dest})
        assert answer.status_code == 201, answer.text
        return int(answer.json()["job"]["id"])

    def state(self, job: int) -> str:
        return str(self.get(f"/jobs/{job}/status")["job_status"])

    def job(self, job: int) -> dict[str, Any]:
        return dict(self.get(f"/jobs/{job}")["job"])

    def wait(self, job: int, *states: str, seconds: float = 20) -> str:
        """Return the state when it is one of these (default: an end)."""
        deadline = time.monotonic() + seconds
        while (state := self.state(job)) not in (states or ENDED):
            assert time.monotonic() < deadline, f"job {job} is {state}"
            time.sleep(0.02)
        return state

    def encode(self, **more: str) -> dict[str, Any]:
        """Run a job to its end."""
        job = self.create(**more)
        self.wait(job)
        return self.job(job)

    def row(self, job: int) -> dict[str, Any]:
        """Return the job's line in the ledger."""
        return next(row for row in self.ledger()["jobs"] if row["id"] == job)

    def fetch(self, key: str, target: Path) -> Path:
        self.sandbox.s3().download_file("openencoder-out", key, str(target))
        return target
