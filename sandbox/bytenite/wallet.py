"""ByteChips: what a job costs and what is left."""

import math
from typing import Any

from sandbox.bytenite.jobs import Job, JobBook
from sandbox.store import Store

ACCOUNT = "sandbox-account"
START_BALANCE = 18335
# ByteChips for each started minute of an output up to so many lines (200 are one dollar).
RATES = ((480, 3), (720, 5), (1080, 10), (2160, 20), (4320, 40))
COSTLY_CODECS = frozenset({"libx265", "libvpx-vp9"})


def price(data: dict[str, Any], *, minutes: int, factor: float) -> int:
    """Return the ByteChips of all outputs of a job; parameters that cannot be read cost as 1080p."""
    total = sum(_output_price(output) for output in data["outputs"]) * minutes
    return math.ceil(total * factor)


def _output_price(output: dict[str, Any]) -> int:
    params = output.get("output_params")
    resolution = _dig(params, "aspect", "resolution")
    height = _dig(resolution, "height")
    lines = _dig(resolution, "custom_height") if height == "custom" else height
    digits = str(lines).rstrip("p")
    number = int(digits) if digits.isdecimal() and len(digits) < 6 else 1080
    rate = next((rate for top, rate in RATES if number <= top), RATES[-1][1])
    codec = _dig(params, "video", "codec")
    return rate * (2 if isinstance(codec, str) and codec in COSTLY_CODECS else 1)


def _dig(content: Any, *keys: str) -> Any:
    for key in keys:
        content = content.get(key) if isinstance(content, dict) else None
    return content


class Wallet:
    """What the jobs that were run have left. The jobs are the truth, so no crash can part the two."""

    def __init__(self, store: Store, jobs: JobBook) -> None:
        self._store = store
        self._jobs = jobs

    def balance(self) -> int:
        """Return the ByteChips left."""
        return int(self._store.get("wallet", "deposit", START_BALANCE)) - self._spent()

    def set_balance(self, balance: int) -> None:
        """Pay in or out so that this is left."""
        self._store.put("wallet", "deposit", balance + self._spent())

    def covers(self, amount: int) -> bool:
        """Whether a job of this price may be run."""
        return self.balance() >= amount

    def as_reply(self) -> dict[str, str]:
        """Return the balance call's reply: numbers as strings."""
        balance = str(self.balance())
        return {"accountId": ACCOUNT, "totalBalance": balance, "availableBalance": balance}

    def _spent(self) -> int:
        return sum(job.amount for job in self._paid())

    def _paid(self) -> list[Job]:
        return [job for job in self._jobs.everything() if job.was_run]
