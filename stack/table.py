"""Tables and quantities for the terminal."""

from collections.abc import Sequence


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], right: Sequence[int] = ()) -> str:
    """Lay out rows under their headings, as wide as needed; the columns in ``right`` end flush."""
    widths = [max(len(row[column]) for row in [headings, *rows]) for column in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        placed = (
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        )
        return "  ".join(placed).rstrip()

    return "\n".join([line(headings), line(["-" * width for width in widths]), *map(line, rows)])


def size(count: int) -> str:
    """Render bytes for reading."""
    if count < 1000:
        return f"{count} B"
    amount, unit = count / 1000, "kB"
    for bigger in ("MB", "GB", "TB"):
        if amount < 1000:
            break
        amount, unit = amount / 1000, bigger
    return f"{amount:.1f} {unit}"


def bit_rate(bits_per_second: float | None) -> str:
    """Render a bit rate in kb/s."""
    return "-" if bits_per_second is None else f"{bits_per_second / 1000:,.0f} kb/s"


def bar(percent: float, width: int = 16) -> str:
    """Draw progress; out of range is taken for the nearest end."""
    percent = max(0.0, min(100.0, percent))
    full = round(percent / 100 * width)
    return f"[{'#' * full}{'.' * (width - full)}] {percent:3.0f} %"
