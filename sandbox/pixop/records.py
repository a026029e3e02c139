"""Projects, videos and uploads: kept in memory for speed, written through to the store for safety."""

import time
import uuid
from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, Field

from sandbox.store import Store

# States as the sandbox keeps them; the API's words are a setting.
NONE, RUNNING, DONE, FAILED, CANCELLED = "", "running", "done", "failed", "cancelled"
ENDED = frozenset({DONE, FAILED, CANCELLED})


def new_id() -> str:
    """Return an id never used before."""
    return str(uuid.uuid4())


class Row(BaseModel):
    """A row of a table. Times are Unix seconds."""

    id: str = Field(default_factory=new_id)
    created: float = Field(default_factory=time.time)
    updated: float = Field(default_factory=time.time)
    deleted: bool = False


class Project(Row):
    """A folder for videos."""

    name: str
    team_id: str
    default: bool = False


class Media(BaseModel):
    """A file that is there, whole: `path` is relative to the state directory, `etag` is without quotes."""

    path: str
    name: str
    type: str
    size: int
    etag: str
    light: bool = False
    stored: float = Field(default_factory=time.time)


class Stage(BaseModel):
    """An ingest or a processing. `doomed`: it was told to fail when it was started."""

    state: str = NONE
    began: float = 0
    changed: float = 0
    ended: float = 0
    percent: float = 0
    doomed: bool = False


class Job(BaseModel):
    """What was ordered of a processing, and what it costs; `frames` and `seconds` are the output's."""

    order: dict[str, Any]
    parameters: dict[str, Any]
    instant: bool
    frames: int
    seconds: float
    amount: float
    source_name: str
    runs: int = 0


class Video(Row):
    """An original, or with `parent_id` and `job` a processed video."""

    name: str
    project_id: str
    team_id: str
    user_id: str
    parent_id: str | None = None
    media: Media | None = None
    ingest: Stage = Field(default_factory=Stage)
    metadata: dict[str, Any] | None = None
    quality: dict[str, Any] | None = None
    processing: Stage = Field(default_factory=Stage)
    job: Job | None = None


class Upload(Row):
    """One attempt to upload; `bytes` counts the file's own, not the envelope's."""

    video_id: str
    light: bool
    bytes: int = 0
    complete: bool = False


RowType = TypeVar("RowType", bound=Row)


class Table(Generic[RowType]):
    """Rows by id. A deleted row stays, for the ledger."""

    def __init__(self, store: Store, kind: str, row: type[RowType]) -> None:
        self._store = store
        self._kind = kind
        found = sorted((row.model_validate(body) for body in store.all(kind)), key=lambda each: each.created)
        self._rows = {each.id: each for each in found}

    def save(self, row: RowType) -> RowType:
        """Write a new or changed row."""
        self._rows[row.id] = row
        self._store.put(self._kind, row.id, row.model_dump())
        return row

    def touch(self, row: RowType) -> RowType:
        """Write a row that a caller has changed: its time of update moves."""
        row.updated = time.time()
        return self.save(row)

    def find(self, row_id: str) -> RowType | None:
        """Return a row that is not deleted."""
        row = self._rows.get(row_id)
        return None if row is None or row.deleted else row

    def alive(self) -> list[RowType]:
        """Return the rows that are not deleted, oldest first."""
        return [row for row in self._rows.values() if not row.deleted]

    def __iter__(self) -> Iterator[RowType]:
        """Yield every row there ever was, oldest first."""
        return iter(list(self._rows.values()))
