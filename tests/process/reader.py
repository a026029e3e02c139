"""A reader of the public prefix: looks at all of it, over and over, and complains of what should not be seen there.

Run as a process of its own, for the tests fork: ``python -m tests.process.reader BUCKET PREFIX``, with how to reach S3
as JSON on the standard input, which it reads again to its end to learn when to stop. Prints what it saw, as JSON.
"""

from __future__ import annotations

import hashlib
import json
import sys
import threading
from dataclasses import dataclass, field
from typing import Any

import boto3
from botocore.exceptions import ClientError

MANIFEST = "manifest.json"


@dataclass
class Reader:
    """Keeps the sha256 of each content that a key ever had."""

    s3: Any
    bucket: str
    prefix: str
    polls: int = 0
    seen: dict[str, list[str]] = field(default_factory=dict)
    manifests: int = 0
    faults: list[str] = field(default_factory=list)
    _known: set[tuple[str, str]] = field(default_factory=set)

    def poll(self) -> None:
        """Look once."""
        self.polls += 1
        for row in self.s3.list_objects_v2(Bucket=self.bucket, Prefix=self.prefix).get("Contents", []):
            if row["Key"].endswith(f"/{MANIFEST}"):
                self._read_manifest(row["Key"])
            elif (row["Key"], row["ETag"]) not in self._known:
                self._known.add((row["Key"], row["ETag"]))
                self._note(row["Key"])

    def _note(self, key: str) -> None:
        body = self._body(key)
        if body is None:
            return
        self.seen.setdefault(key, []).append(hashlib.sha256(body).hexdigest())
        if key.endswith(".jpg") and not (body.startswith(b"\xff\xd8") and body.endswith(b"\xff\xd9")):
            self.faults.append(f"{key} is half a picture")

    def _read_manifest(self, key: str) -> None:
        body = self._body(key)
        if body is None:
            return
        self.manifests += 1
        for job in json.loads(body)["jobs"]:
            for output in job["outputs"]:
                found = self._body(output["key"])
                right = found is not None and hashlib.sha256(found).hexdigest() == output["sha256"]
                # A manifest that was taken away meanwhile promises nothing any more.
                if not right and self._body(key) == body:
                    self.faults.append(f"{key} names {output['key']}, which is {'another' if found else 'not there'}")
                if not output["verdict"]["ok"]:
                    self.faults.append(f"{key} names {output['key']}, which did not pass")

    def _body(self, key: str) -> bytes | None:
        try:
            return bytes(self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read())
        except ClientError as error:
            if error.response["ResponseMetadata"]["HTTPStatusCode"] != 404:
                raise
            return None


def main() -> None:
    s3 = boto3.client("s3", **json.loads(sys.stdin.readline()))
    reader, over = Reader(s3, *sys.argv[1:3]), threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), over.set()), daemon=True).start()
    while not over.wait(0.02):
        reader.poll()
    reader.poll()
    told = ("polls", "seen", "manifests", "faults")
    print(json.dumps({name: getattr(reader, name) for name in told}))  # noqa: T201 - that is its answer


if __name__ == "__main__":
    main()
