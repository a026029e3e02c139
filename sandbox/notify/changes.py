"""What SeaweedFS's log of metadata says, in terms of S3: which object came to be, and which went."""

import base64
from dataclasses import dataclass
from typing import Any

BUCKETS = "/buckets/"
PARTS = ".uploads/"  # of multipart uploads that are not complete
VERSIONS = ".versions"
ETAG = "Seaweed-X-Amz-ETag"
VERSION = "Seaweed-X-Amz-Version-Id"
DELETE_MARKER = "Seaweed-X-Amz-Delete-Marker"
UPLOAD = "X-Seaweedfs-Upload-Id"
METADATA = "X-Amz-Meta-"
COMPLETED_MODE = 0o770  # of what a multipart upload made; a copy of it keeps the upload's id, but not this

Entry = dict[str, Any]


@dataclass(frozen=True)
class Change:
    """One event of one object. `moment` is nanoseconds since 1970, and rises from event to event."""

    bucket: str
    key: str
    event: str
    moment: int
    size: int | None = None  # bytes
    etag: str | None = None
    version: str | None = None
    modified: int = 0  # seconds since 1970

    @property
    def created(self) -> bool:
        """Whether there is an object now."""
        return self.event.startswith("ObjectCreated:")


def changes_in(line: dict[str, Any]) -> list[Change]:
    """Return what S3 would tell of an entry of the log: one change, none, or two for a renaming."""
    what, folder = line["eventNotification"], str(line["directory"])
    old, new = what.get("oldEntry"), what.get("newEntry")
    where = str(what.get("newParentPath") or folder)
    moment = int(line["tsNs"])
    if old and new and (folder, old["name"]) != (where, new["name"]):
        return [*_removed(folder, old, moment), *_created(where, None, new, moment)]
    if new:
        return _created(where, old, new, moment)
    return _removed(folder, old, moment) if old else []


def _created(folder: str, old: Entry | None, new: Entry, moment: int) -> list[Change]:
    place = _place(folder, new)
    if place is None:
        return []
    bucket, key, version = place
    if _extended(new, DELETE_MARKER) and old is None:
        return [Change(bucket, key, "ObjectRemoved:DeleteMarkerCreated", moment, version=version)]
    event = _event(old if old and _is_object(old) else None, new)
    if event is None:
        return []
    size, modified = int(new["attributes"]["fileSize"]), int(new["attributes"]["mtime"])
    return [Change(bucket, key, event, moment, size, _extended(new, ETAG) or "", version, modified)]


def _removed(folder: str, old: Entry, moment: int) -> list[Change]:
    place = _place(folder, old)
    if place is None:
        return []
    bucket, key, version = place
    return [Change(bucket, key, "ObjectRemoved:Delete", moment, version=version)]


def _event(old: Entry | None, new: Entry) -> str | None:
    """Say how an object came to be; None when only its tags, or the server's own notes on it, changed."""
    if old is not None and _content(old) == _content(new):
        return _event_of_same_content(old, new)
    if _extended(new, UPLOAD):
        completed = int(new["attributes"]["fileMode"]) & 0o777 == COMPLETED_MODE
        return "ObjectCreated:CompleteMultipartUpload" if completed else "ObjectCreated:Copy"
    # A copy is as old as its source; anything else is new, or as old as what it replaces.
    born = (old or new)["attributes"]["crtime" if old else "mtime"]
    return "ObjectCreated:Put" if new["attributes"]["crtime"] == born else "ObjectCreated:Copy"


def _event_of_same_content(old: Entry, new: Entry) -> str | None:
    # Copying an object onto itself gives it other metadata, and leaves its blocks where they are.
    if _metadata(old) != _metadata(new):
        return "ObjectCreated:Copy"
    if old["attributes"]["mtime"] != new["attributes"]["mtime"]:
        return "ObjectCreated:Put" if not new.get("chunks") else "ObjectCreated:Copy"
    again = not new.get("chunks") and (old.get("extended") or {}) == (new.get("extended") or {})
    return "ObjectCreated:Put" if again else None


def _content(entry: Entry) -> Any:
    if chunks := entry.get("chunks"):
        return [(chunk.get("fid"), chunk["offset"], chunk["size"]) for chunk in chunks]
    return entry["attributes"]["fileSize"]


def _metadata(entry: Entry) -> tuple[str, dict[str, str]]:
    own = {name: value for name, value in (entry.get("extended") or {}).items() if name.startswith(METADATA)}
    return str(entry["attributes"].get("mime") or ""), own


def _place(folder: str, entry: Entry) -> tuple[str, str, str | None] | None:
    """Return bucket, key and version id; None for what is no object."""
    bucket, _, key = f"{folder}/{entry['name']}".removeprefix(BUCKETS).partition("/")
    if not key or bucket.startswith(".") or key.startswith(PARTS) or not _is_object(entry):
        return None
    if entry.get("isDirectory"):
        return bucket, f"{key}/", None
    version = _extended(entry, VERSION)
    parent, _, _ = key.rpartition("/")
    if version and parent.endswith(VERSIONS):
        return bucket, parent.removesuffix(VERSIONS), version
    return bucket, key, version


def _is_object(entry: Entry) -> bool:
    # A folder is one only if somebody put an object under its name.
    return not entry.get("isDirectory") or _extended(entry, ETAG) is not None


def _extended(entry: Entry, name: str) -> str | None:
    value = (entry.get("extended") or {}).get(name)
    return None if value is None else base64.b64decode(value).decode()
