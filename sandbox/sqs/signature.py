"""AWS Signature Version 4 of a request: wrong keys are refused here as they are in the cloud."""

import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from sandbox.sqs.errors import SqsError

LIFETIME = 900.0  # seconds, AWS's
WORDS = re.compile(
    r"AWS4-HMAC-SHA256 Credential=(?P<key>[^/]+)/(?P<scope>[^,]+),\s*"
    r"SignedHeaders=(?P<headers>[^,]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)


@dataclass(frozen=True)
class Signed:
    """What of a request is signed."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


def check(request: Signed, access_key: str, secret_key: str) -> None:
    """Raise SqsError (403) unless the request bears a good signature, made lately, with these keys."""
    said = WORDS.match(request.headers.get("authorization", ""))
    if said is None:
        raise SqsError("MissingAuthenticationToken", "Request is missing Authentication Token", 403)
    if said["key"] != access_key:
        raise SqsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)
    moment = request.headers.get("x-amz-date", "")
    if _age(moment) > LIFETIME:
        raise SqsError("SignatureDoesNotMatch", f"Signature expired: {moment}", 403)
    expected = _sign(_text(request, said, moment), said["scope"], secret_key)
    if not hmac.compare_digest(expected, said["signature"]):
        raise SqsError("SignatureDoesNotMatch", "The request signature we calculated does not match.", 403)


def _age(moment: str) -> float:
    try:
        made = datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return float("inf")
    return abs(time.time() - made.timestamp())


def _text(request: Signed, said: re.Match[str], moment: str) -> str:
    names = said["headers"].split(";")
    headers = "".join(f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in names)
    query = "&".join(sorted(filter(None, request.query.split("&"))))
    body = hashlib.sha256(request.body).hexdigest()
    whole = "\n".join((request.method, request.path or "/", query, headers, said["headers"], body))
    return "\n".join(("AWS4-HMAC-SHA256", moment, said["scope"], hashlib.sha256(whole.encode()).hexdigest()))


def _sign(text: str, scope: str, secret_key: str) -> str:
    key = f"AWS4{secret_key}".encode()
    for part in scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    return hmac.digest(key, text.encode(), "sha256").hex()
