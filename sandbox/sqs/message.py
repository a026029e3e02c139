"""A message, and the checksums that go with it."""

import base64
import hashlib
from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass
class Message:
    """One message of a queue. Times are seconds since 1970; it can be received from `visible_at` on."""

    id: str
    queue: str
    number: int
    body: str
    sent: float
    visible_at: float
    attributes: dict[str, dict[str, Any]] = field(default_factory=dict)
    count: int = 0
    first_received: float | None = None

    @property
    def handle(self) -> str:
        """The receipt of the latest delivery; those of earlier ones are void."""
        return base64.urlsafe_b64encode(f"{self.id}#{self.count}".encode()).decode()

    def document(self) -> dict[str, Any]:
        """Return what is kept."""
        return asdict(self)

    def delivered(self, system: set[str], wanted: set[str]) -> dict[str, Any]:
        """Return it as ReceiveMessage does, with the attributes that were asked for."""
        answer: dict[str, Any] = {
            "MessageId": self.id,
            "ReceiptHandle": self.handle,
            "MD5OfBody": md5_of(self.body),
            "Body": self.body,
        }
        about = {
            "SenderId": "AIDASANDBOX",
            "SentTimestamp": _milliseconds(self.sent),
            "ApproximateReceiveCount": str(self.count),
            "ApproximateFirstReceiveTimestamp": _milliseconds(self.first_received or self.sent),
        }
        told = {name: value for name, value in about.items() if system & {name, "All"}}
        given = {name: value for name, value in self.attributes.items() if wanted & {name, "All", ".*"}}
        if told:
            answer["Attributes"] = told
        if given:
            answer |= {"MessageAttributes": given, "MD5OfMessageAttributes": md5_of_attributes(given)}
        return answer


def read_handle(handle: str) -> tuple[str, int] | None:
    """Return a receipt's message id and delivery; None when it is no receipt of ours."""
    try:
        message_id, count = base64.urlsafe_b64decode(handle.encode()).decode().split("#")
        return message_id, int(count)
    except ValueError:
        return None


def md5_of(body: str) -> str:
    """Return the body's checksum."""
    return hashlib.md5(body.encode(), usedforsecurity=False).hexdigest()


def md5_of_attributes(attributes: dict[str, dict[str, Any]]) -> str:
    """Return the attributes' checksum: name, type and value by name, each after its length."""
    digest = hashlib.md5(usedforsecurity=False)
    for name, value in sorted(attributes.items()):
        kind = str(value.get("DataType", "String"))
        binary = kind.startswith("Binary")
        content = base64.b64decode(value["BinaryValue"]) if binary else str(value.get("StringValue", "")).encode()
        for part in (name.encode(), kind.encode()):
            digest.update(len(part).to_bytes(4, "big") + part)
        digest.update((b"\x02" if binary else b"\x01") + len(content).to_bytes(4, "big") + content)
    return digest.hexdigest()


def _milliseconds(moment: float) -> str:
    return str(int(moment * 1000))
