"""HAL pages, in the document's form and in the one that the SDK reads."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from sandbox.pixop.errors import bad_request
from sandbox.pixop.records import Row

USUAL_SIZE = 10
LONGEST_NUMBER = 9

RowType = TypeVar("RowType", bound=Row)


@dataclass(frozen=True)
class Page(Generic[RowType]):
    """One page of rows; `url` is the list's address and `filters` its other parameters."""

    rows: list[RowType]
    number: int
    size: int
    url: str
    filters: dict[str, str]

    @property
    def last(self) -> int:
        """The last page's number; an empty list has one page."""
        return max(1, -(-len(self.rows) // self.size))

    def listed(self) -> list[RowType]:
        """Return the rows on this page; none beyond the last."""
        return self.rows[(self.number - 1) * self.size : self.number * self.size]

    def links(self, previous: str) -> dict[str, Any]:
        """Return the links; there is no `next` on the last page and no `previous` on the first."""
        numbers = {"self": self.number, "first": 1, "last": self.last}
        if self.number < self.last:
            numbers["next"] = self.number + 1
        if self.number > 1:
            numbers[previous] = min(self.number - 1, self.last)
        return {name: {"href": self._href(number)} for name, number in numbers.items()}

    def _href(self, number: int) -> str:
        return f"{self.url}?{urlencode(self.filters | {'page': number, 'page-size': self.size})}"


def read_page(query: Mapping[str, str], *, largest: int) -> tuple[int, int]:
    """Return page and page size; raises RefusedError for what is no positive number."""
    return _positive(query, "page", 1), min(_positive(query, "page-size", USUAL_SIZE), largest)


def _positive(query: Mapping[str, str], name: str, usual: int) -> int:
    text = query.get(name)
    if not text:
        return usual
    if not (text.isascii() and text.isdecimal()) or len(text) > LONGEST_NUMBER or not int(text):
        raise bad_request(f"{name} must be a whole number from 1 on")
    return int(text)


def show_page(
    page: Page[RowType], name: str, show: Callable[[RowType], dict[str, Any]], *, string_pages: bool
) -> dict[str, Any]:
    """Return the page as the document has it, or as the SDK reads it.

    In the document the number of a page of projects stands without quotes, that of a page of videos with them.
    """
    embedded: dict[str, Any] = {name: [show(row) for row in page.listed()]}
    if not string_pages:
        embedded["totalFound"] = len(page.rows)
        numbers: dict[str, Any] = {"pageSize": page.size, "page": page.number}
    else:
        numbers = {"pageSize": str(page.size), "page": page.number if name == "projects" else str(page.number)}
    return numbers | {"_links": page.links("previous" if string_pages else "prev"), "_embedded": embedded}
