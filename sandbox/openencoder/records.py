"""The server's tables: kept in memory for speed, written through to the store for safety."""

from collections.abc import Iterator, Mapping
from typing import Generic, TypeVar

from pydantic import BaseModel

from sandbox.openencoder.golang import atoi, wrap
from sandbox.store import Store


class Row(BaseModel):
    """A row of a table."""

    id: int


RowType = TypeVar("RowType", bound=Row)


class Table(Generic[RowType]):
    """Rows by id, ids counting up from `first`."""

    def __init__(self, store: Store, kind: str, row: type[RowType], *, first: int = 1) -> None:
        self._store = store
        self._kind = kind
        found = sorted((row.model_validate(body) for body in store.all(kind)), key=lambda each: each.id)
        self._rows = {each.id: each for each in found}
        self._next = max(self._rows, default=first - 1) + 1

    def next_id(self) -> int:
        """Return an id never used before."""
        self._next += 1
        return self._next - 1

    def save(self, row: RowType) -> RowType:
        """Write a new or changed row."""
        self._rows[row.id] = row
        self._store.put(self._kind, str(row.id), row.model_dump())
        return row

    def get(self, number: int) -> RowType | None:
        """Return a row, if it is there."""
        return self._rows.get(number)

    def __iter__(self) -> Iterator[RowType]:
        """Yield all rows, the oldest first."""
        return iter(list(self._rows.values()))

    def __len__(self) -> int:
        return len(self._rows)

    def page(self, offset: int, count: int) -> list[RowType] | None:
        """Return a page, newest first; None where the database would refuse the query."""
        if offset < 0 or count < 0:
            return None
        return list(reversed(self._rows.values()))[offset : offset + count]


def page_of(query: Mapping[str, str]) -> tuple[int, int]:
    """Return offset and count of ?page and ?count, computed as the server does."""
    page, count = query.get("page", "1"), atoi(query.get("count", "10"))
    number = 1 if page == "0" else atoi(page)
    return wrap((number - 1) * count), count
