"""``put`` and ``get``: videos into the sandbox's S3, and out of it."""

import contextlib
import json
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING

from stack.home import Home
from stack.processes import StackError
from stack.results import s3_client
from stack.terminal import Terminal

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client


def put(home: Home, terminal: Terminal, files: list[Path]) -> int:
    """Upload files to s3://inbox/ under their own names."""
    client = _client(home)
    for file in files:
        if not file.is_file():
            raise StackError(f"{file} is not a file.")
        client.upload_file(str(file), "inbox", file.name)
        terminal.say(f"s3://inbox/{file.name}")
    return 0


def get(home: Home, terminal: Terminal, urls: list[str]) -> int:
    """Download everything below S3 prefixes into the current folder, the last part of a prefix being its folder."""
    client = _client(home)
    for url in urls:
        bucket, _, prefix = url.removeprefix("s3://").rstrip("/").partition("/")
        if not url.startswith("s3://") or not bucket:
            raise StackError(f"{url} is no S3 prefix: give s3://bucket/prefix, such as s3://outbox/encoded/holiday.")
        pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/" if prefix else "")
        keys = list[str]()
        with contextlib.suppress(client.exceptions.NoSuchBucket):
            keys = [entry["Key"] for page in pages for entry in page.get("Contents", [])]
        if not keys:
            raise StackError(f"There is nothing below s3://{bucket}/{prefix}.")
        for key in keys:
            path = _below(Path(PurePosixPath(url.rstrip("/")).name), key.removeprefix(prefix).lstrip("/"))
            path.parent.mkdir(parents=True, exist_ok=True)
            client.download_file(bucket, key, str(path))
            terminal.say(str(path))
    return 0


def _below(folder: Path, key: str) -> Path:
    if ".." in PurePosixPath(key).parts:
        raise StackError(f"{key} would leave {folder}.")
    return folder / key


def _client(home: Home) -> "S3Client":
    about = home.path / "sandbox" / "sandbox.json"
    if home.owner() is None or not about.exists():
        raise StackError("Nothing is running; `make up` starts it.")
    return s3_client(json.loads(about.read_text())["s3"])
