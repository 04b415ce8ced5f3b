"""A table as plain text, for terminals and logs."""

from __future__ import annotations

from collections.abc import Sequence

Row = tuple[str, ...]


def text_table(header: Row, rows: Sequence[Row]) -> str:
    """Lay rows out in columns."""
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (header, *rows)
    ]
    return "\n".join(lines)
