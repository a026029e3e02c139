"""How a job names its source and destination: by key alone, since the server ignores the bucket of an address."""

from __future__ import annotations

import re
from posixpath import splitext

from reelworks.core.errors import BadInputError
from reelworks.media.url import S3Url
from reelworks.openencoder.api import LONGEST

LONGEST_KEY = LONGEST - len("s3:///")

FOLDER = "_reelworks"
"""Where our own short-lived objects lie, in the inbound and in the outbound bucket."""

_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*)*")


def key_address(key: str) -> str:
    """Return the address of a key: ``s3:///key``. The server reads it as a URL, so only a plain key means itself."""
    return f"s3:///{key}"


def is_plain(key: str) -> bool:
    """Return whether the server takes the key as it is: nothing in it that a URL would change, and short enough."""
    return bool(_PLAIN.fullmatch(key)) and len(key_address(key)) <= LONGEST


def job_folder(name: str) -> str:
    """Return the folder of one job's own objects: its copied source, and what it makes. It bears the job's name."""
    return f"{FOLDER}/{name}/"


def copied_source(name: str, source: str) -> str:
    """Return the key to which a source is copied for the job called ``name``."""
    suffix = splitext(source.partition("?")[0])[1]
    return f"{job_folder(name)}source{suffix if re.fullmatch(r'[.][A-Za-z0-9]{1,8}', suffix) else ''}"


def key_of(address: str) -> str:
    """Return the key that the server makes of an address: its path, whatever bucket is named."""
    rest = address.partition("://")[2].partition("/")[2] if "://" in address else address
    return rest.lstrip("/")


def is_ours(address: str) -> bool:
    """Return whether an address lies in a folder of a job of ours, which may be emptied."""
    folder, _, rest = key_of(address).partition("/")
    return folder == FOLDER and bool(rest.partition("/")[0])


def given_source(source: str, inbound: str) -> str:
    """Check a person's own source, ``s3://inbound-bucket/key``, ``s3:///key`` or a plain key; return its address."""
    key = _own_key(source, inbound, "source")
    if not is_plain(key):
        raise BadInputError(
            f"the source key {key!r} is longer than {LONGEST_KEY} characters, or holds some that the server would "
            "change: copy it to a plain key, or use OpenEncoderEncodeOperator, which does"
        )
    return key_address(key)


def given_dest(dest: str, outbound: str) -> str:
    """Check a person's own destination, a folder of the outbound bucket that ends in "/"; return its address."""
    key = _own_key(dest, outbound, "dest")
    if not key.endswith("/"):
        raise BadInputError(f"the dest {dest!r} does not end in '/': the file name would be glued to it; add the slash")
    if not is_plain(key.rstrip("/")) or len(key_address(key)) > LONGEST:
        raise BadInputError(f"the dest {dest!r} is not plain letters, digits, '.', '_', '-' of at most {LONGEST_KEY}")
    return key_address(key)


def _own_key(address: str, bucket: str, what: str) -> str:
    if address.startswith("s3:///") or "://" not in address:
        return key_of(address)
    url = S3Url.parse(address)
    if url.bucket != bucket:
        raise BadInputError(
            f"the {what} {address!r} names the bucket {url.bucket!r}, which the server would ignore: it only uses "
            f"{bucket!r}, its own setting"
        )
    return url.key
