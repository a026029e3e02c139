"""A real sandbox in a process of its own, for any test that wants one."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import boto3
import requests

ROOT = Path(__file__).resolve().parents[2]
START_SECONDS = 40.0


class SandboxProcess:
    """`with SandboxProcess(tmp_path, "--instant") as sandbox: ...`

    All ports are free ones; the same directory again gets the same ports, credentials, objects and jobs.
    """

    def __init__(self, state_dir: Path, *arguments: str) -> None:
        self.state_dir = Path(state_dir)
        self.arguments = arguments
        self.process: subprocess.Popen[bytes] | None = None
        self.info: dict[str, Any] = {}

    def __enter__(self) -> "SandboxProcess":
        return self.start()

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> "SandboxProcess":
        """Start, and return when sandbox.json is there."""
        self.state_dir.mkdir(parents=True, exist_ok=True)
        info_file = self.state_dir / "sandbox.json"
        ports = [
            f"--{name}-port=0"
            for name in ("s3", "bytenite", "openencoder", "pixop", "sqs")
            if f"--{name}-port" not in self.arguments
        ]
        command = [sys.executable, "-m", "sandbox", "--state", str(self.state_dir), *ports, *self.arguments]
        with (self.state_dir / "output.txt").open("ab") as output:
            self.process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        deadline = time.monotonic() + START_SECONDS
        while True:
            # One left by a killed sandbox may lie there still: it has another pid.
            self.info = _read(info_file)
            if self.info.get("pid") == self.process.pid:
                return self
            if self.process.poll() is not None or time.monotonic() > deadline:
                said = (self.state_dir / "output.txt").read_text()[-2000:]
                self.kill()
                raise RuntimeError(f"the sandbox did not start: {said}")
            time.sleep(0.03)

    def stop(self) -> None:
        """Stop as Ctrl-C does."""
        self._end(signal.SIGTERM)

    def kill(self) -> None:
        """Stop as a power cut does (kill -9)."""
        self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> None:
        if self.process is not None:
            self.process.send_signal(number)
            self.process.wait(20)
            self.process = None

    def url(self, service: str = "bytenite") -> str:
        """Return a service's base URL."""
        return str(self.info[service]["url"])

    def ledger(self, service: str = "bytenite") -> dict[str, Any]:
        """Return what would have been paid, and counts."""
        return self._control("GET", service, "ledger")

    def faults(self, *rules: dict[str, Any], service: str = "bytenite") -> dict[str, Any]:
        """Put these rules in force, in place of those before; none: no faults."""
        cleared = self._control("DELETE", service, "faults")
        return self._control("POST", service, "faults", {"rules": list(rules)}) if rules else cleared

    def settings(self, service: str = "bytenite", **changes: Any) -> dict[str, Any]:
        """Change settings; return them all."""
        return self._control("POST" if changes else "GET", service, "settings", changes or None)

    def _control(self, method: str, service: str, what: str, body: Any = None) -> dict[str, Any]:
        answer = requests.request(method, f"{self.url(service)}/sandbox/{what}", json=body, timeout=20)
        if not answer.ok:
            raise RuntimeError(f"{method} /sandbox/{what} answered {answer.status_code}: {answer.text}")
        return dict(answer.json())

    def s3(self) -> Any:
        """Return a boto3 client for the sandbox's S3."""
        access = self.info["s3"]
        return boto3.client(
            "s3",
            endpoint_url=access["endpoint"],
            aws_access_key_id=access["access_key"],
            aws_secret_access_key=access["secret_key"],
            region_name=access["region"],
        )


def _read(path: Path) -> dict[str, Any]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}
