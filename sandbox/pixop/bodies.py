"""Reads the JSON that callers send, or refuses it."""

import json
import math
from typing import Any

from sandbox.pixop.errors import bad_request

MAX_DEPTH = 32
LONGEST_NAME = 1024


def read_object(sent: bytes) -> dict[str, Any]:
    """Return a JSON object; raises RefusedError for anything else."""
    if not sent.strip():
        return {}
    try:
        content = json.loads(sent.decode("utf-8"))
    except (ValueError, RecursionError):
        raise bad_request("the body is no JSON") from None
    if not isinstance(content, dict):
        raise bad_request("the body must be a JSON object")
    _check(content)
    return content


def _check(content: Any, depth: int = 0) -> None:
    """Refuse what could not be written back: too deep, text that is no Unicode, numbers that are none."""
    if depth > MAX_DEPTH:
        raise bad_request("the body is nested too deeply")
    if isinstance(content, dict | list):
        for value in [*content, *(content.values() if isinstance(content, dict) else [])]:
            _check(value, depth + 1)
    elif (isinstance(content, float) and not math.isfinite(content)) or (
        isinstance(content, str) and any("\ud800" <= letter <= "\udfff" for letter in content)
    ):
        raise bad_request("the body holds a value that JSON cannot")


def read_name(name: object) -> str:
    """Return a name; raises RefusedError."""
    if not isinstance(name, str) or not name.strip() or len(name) > LONGEST_NAME:
        raise bad_request(f"name must be a text of 1 to {LONGEST_NAME} characters")
    return name
