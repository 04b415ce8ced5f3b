"""The closing table of the demo: each part, its duration, and whether it held."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One part; ``seconds`` is None where time means nothing."""

    part: str
    seconds: float | None
    outcome: str
    ok: bool = True


HEAD = ("part", "seconds", "outcome")


def render(rows: Sequence[Row]) -> str:
    """Return the rows as aligned text; what did not hold is marked."""
    cells = [HEAD, *(_cells(row) for row in rows)]
    widths = [max(len(line[column]) for line in cells) for column in range(2)]
    rule = "-" * (sum(widths) + 4 + max(len(line[2]) for line in cells))
    lines = [_line(line, widths) for line in cells]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])


def failures(rows: Iterable[Row]) -> list[str]:
    """Return what did not hold, in words."""
    return [f"{row.part.strip()}: {row.outcome}" for row in rows if not row.ok]


def _cells(row: Row) -> tuple[str, str, str]:
    seconds = "" if row.seconds is None else f"{row.seconds:.1f}"
    return row.part, seconds, row.outcome if row.ok else f"FAILED: {row.outcome}"


def _line(cells: tuple[str, str, str], widths: Sequence[int]) -> str:
    part, seconds, outcome = cells
    return f"{part:<{widths[0]}}  {seconds:>{widths[1]}}  {outcome}"
