"""The name of the one run that a video gets: the same however often, and by whomever, the video is noticed."""

from __future__ import annotations

import hashlib
import json
import re

READABLE = 80
"""Characters of the key that a run id shows; Airflow allows 250 in all."""


def digest_of(bucket: str, key: str, version: str, recipe: str) -> str:
    """Return 16 hex digits that stand for these four."""
    # JSON keeps the four apart whatever a key holds; a plain separator could be part of one.
    whole = json.dumps([bucket, key, version, recipe])
    return hashlib.sha256(whole.encode()).hexdigest()[:16]


def run_id_of(bucket: str, key: str, version: str, recipe: str) -> str:
    """Return ``inbox__<end of the key, readable>__<recipe>__<16 hex digits of all four>``.

    ``version`` is the ETag: a list of a bucket tells nothing else that is the same for the same bytes, and a version id
    would make a paid run of an identical re-upload. Only characters that Airflow allows in a run id, and that mean
    nothing in a URL: the Task SDK puts it into one as it is.
    """
    return f"inbox__{_plain(key)[-READABLE:]}__{_plain(recipe)[:READABLE]}__{digest_of(bucket, key, version, recipe)}"


def _plain(text: str) -> str:
    return re.sub(r"[^A-Za-z0-9.]+", "-", text).strip("-.") or "video"
