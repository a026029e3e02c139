"""A service that only counts, on the loopback interface: numbered jobs, as Open Encoder shows them, over at their time.

Beside that, ``/done/NUMBER`` is 404 until the job is over, which no service of ours offers: it is what a deferrable
HttpSensor can wait for.
"""

from __future__ import annotations

import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

FAR = 10.0**12
PROBE = "x" * 4000
"""What ffprobe said of a source is part of every job, and makes up most of a list."""


class Counting(BaseHTTPRequestHandler):
    """Knows jobs by number; each is completed once its time (seconds since the epoch) has come."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    over: ClassVar[dict[int, float]] = {}

    def do_POST(self) -> None:
        """Log anybody in."""
        self.rfile.read(int(self.headers["Content-Length"]))  # else it is taken for the next request
        self._answer("login", {"code": 200, "token": "a.b.c"})

    def do_GET(self) -> None:
        """Answer lists and looks."""
        url = urlsplit(self.path)
        number = url.path.rpartition("/")[2]
        if url.path == "/api/jobs":
            query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            ids = sorted(self.over, reverse=True)[(query["page"] - 1) * query["count"] :][: query["count"]]
            self._answer("list", {"count": len(self.over), "items": [self._job(each) for each in ids]})
        elif url.path.startswith("/api/jobs/"):
            self._answer("look", {"status": 200, "job": self._job(int(number))})
        elif url.path.startswith("/done/"):
            done = self._is_over(int(number))
            self._answer("look", {}, 200 if done else 404)
        else:
            self._answer("health", {"api": "OK", "workers": 1})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _is_over(self, number: int) -> bool:
        return time.time() >= self.over[number]

    def _job(self, number: int) -> dict[str, Any]:
        state = "completed" if self._is_over(number) else "encoding"
        return {"id": number, "status": state, "destination": "d", "progress": 1, "probe": PROBE}

    def _answer(self, what: str, body: Any, status: int = 200) -> None:
        self.asked[what] += 1
        payload = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


class _Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up: Airflow is ended while it waits."""


@contextmanager
def counting(jobs: int) -> Iterator[str]:
    """Serve jobs 1 to ``jobs``, none of them over, and return the URL."""
    Counting.over = dict.fromkeys(range(1, jobs + 1), FAR)
    Counting.asked.clear()
    server = _Server(("127.0.0.1", 0), Counting)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
