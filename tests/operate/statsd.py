"""A StatsD server that adds up what it hears."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager

LINE = re.compile(r"airflow\.(?P<name>[^:|]+):(?P<value>[0-9.e+-]+)\|(?P<kind>c|ms|g)")


class StatsdServer:
    """``counted`` are the sums of the counters, ``told`` all names with their kinds, ``times`` the timings in ms."""

    def __init__(self) -> None:
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 * 1024**2)
        self.socket.bind(("127.0.0.1", 0))
        self.raw: list[str] = []
        threading.Thread(target=self._listen, daemon=True).start()

    @property
    def port(self) -> int:
        return int(self.socket.getsockname()[1])

    @property
    def environment(self) -> dict[str, str]:
        """What switches Airflow's metrics on."""
        metrics = {"STATSD_ON": "True", "STATSD_HOST": "127.0.0.1", "STATSD_PORT": str(self.port)}
        return {f"AIRFLOW__METRICS__{name}": value for name, value in metrics.items()}

    def _listen(self) -> None:
        while True:
            try:
                said = self.socket.recv(65536).decode()
            except OSError:
                return
            self.raw += said.splitlines()

    @property
    def heard(self) -> list[re.Match[str]]:
        return [
            found for line in self.raw if (found := LINE.fullmatch(line)) and found["name"].startswith("reelworks.")
        ]

    @property
    def counted(self) -> Counter[str]:
        sums: Counter[str] = Counter()
        for found in self.heard:
            if found["kind"] == "c":
                sums[found["name"].removeprefix("reelworks.")] += float(found["value"])  # type: ignore[assignment]
        return sums

    @property
    def times(self) -> dict[str, list[float]]:
        times: dict[str, list[float]] = {}
        for found in self.heard:
            if found["kind"] == "ms":
                times.setdefault(found["name"].removeprefix("reelworks."), []).append(float(found["value"]))
        return times

    def until(self, is_so: Callable[[], bool], within: float = 10.0) -> None:
        """Wait for what may still be on its way."""
        end = time.monotonic() + within
        while not is_so():
            assert time.monotonic() < end, dict(self.counted)
            time.sleep(0.02)


@contextmanager
def statsd() -> Iterator[StatsdServer]:
    server = StatsdServer()
    try:
        yield server
    finally:
        server.socket.close()
