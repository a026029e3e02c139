"""How many requests do waits in a triggerer make? ``python benchmarks/waiting.py [jobs] [intervals] [seconds]``.

Waits for jobs as the triggerer does: one trigger for each, all on one connection. The server behind them is a counter
on the loopback interface that answers as Open Encoder does; jobs are finished one after the other in the second half.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from collections import Counter
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlsplit

sys.path.insert(0, str(Path(__file__).parents[1] / "plugins"))

HOOK = "reelworks.openencoder.hook.OpenEncoderHook"


class Counting(BaseHTTPRequestHandler):
    """Knows jobs by number; each is completed once its time has come."""

    protocol_version = "HTTP/1.1"
    asked: ClassVar[Counter[str]] = Counter()
    over: ClassVar[dict[int, float]] = {}

    def do_POST(self) -> None:
        """Log anybody in."""
        self._answer("POST login", {"code": 200, "token": "a.b.c"})

    def do_GET(self) -> None:
        """Answer lists and looks."""
        url = urlsplit(self.path)
        if url.path == "/api/jobs":
            query = {name: int(values[0]) for name, values in parse_qs(url.query).items()}
            ids = sorted(self.over, reverse=True)[(query["page"] - 1) * query["count"] :][: query["count"]]
            self._answer("GET jobs (list)", {"count": len(self.over), "items": [self._job(number) for number in ids]})
        elif url.path.startswith("/api/jobs/"):
            self._answer("GET jobs/ID (look)", {"status": 200, "job": self._job(int(url.path.rpartition("/")[2]))})
        else:
            self._answer("GET health", {"api": "OK", "workers": 1})

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""

    def _job(self, number: int) -> dict[str, Any]:
        state = "completed" if time.monotonic() >= self.over[number] else "encoding"
        return {"id": number, "status": state, "destination": "d", "progress": 1, "probe": "x" * 4000}

    def _answer(self, what: str, body: Any) -> None:
        self.asked[what] += 1
        payload = json.dumps(body).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(payload)))
        self.end_headers()
        self.wfile.write(payload)


async def wait_for_all(jobs: int, interval: float, shared: bool) -> None:
    """Run one trigger for each job until all have fired."""
    from reelworks.core import trigger
    from reelworks.openencoder.hook import OpenEncoderHook

    trigger.FIRST_LOOK = 0.0
    OpenEncoderHook.lists_jobs = shared
    triggers = [
        trigger.JobTrigger(
            hook=HOOK, conn_id="counted", job_id=str(number), interval=interval, deadline=time.time() + 3600
        )
        for number in range(1, jobs + 1)
    ]
    await asyncio.gather(*(anext(aiter(one.run())) for one in triggers))


def measure(jobs: int, intervals: int, interval: float, shared: bool) -> None:
    """Print what was asked."""
    now = time.monotonic()
    whole = intervals * interval
    Counting.over = {n: now + whole / 2 + whole / 2 * n / jobs for n in range(1, jobs + 1)}
    Counting.asked.clear()
    asyncio.run(wait_for_all(jobs, interval, shared))
    took = time.monotonic() - now
    how = "one list for all" if shared else "one look for each"
    sys.stdout.write(f"{how}: {jobs} jobs, {took:.1f} s in intervals of {interval:g} s\n")
    for what, count in Counting.asked.most_common():
        sys.stdout.write(f"  {what:20}{count:6}  {count / (took / interval):8.1f} per interval\n")


def main() -> None:
    """Measure with and without sharing."""
    jobs, intervals, interval = (
        (int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])) if sys.argv[3:] else (200, 10, 2.0)
    )
    server = ThreadingHTTPServer(("127.0.0.1", 0), Counting)
    server.request_queue_size = 256
    threading.Thread(target=server.serve_forever, daemon=True).start()
    connection = {
        "conn_type": "openencoder",
        "host": f"http://127.0.0.1:{server.server_address[1]}",
        "login": "admin",
        "password": "any",
    }
    os.environ["AIRFLOW_CONN_COUNTED"] = json.dumps(connection)
    for shared in (True, False):
        measure(jobs, intervals, interval, shared)


if __name__ == "__main__":
    main()
