"""A report as values: figures, tables, charts and sentences, whatever shows them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Unit = Literal["", "count", "s", "share", "change", "points", "ratio", "money", "MiB", "moment"]
"""What a number is: seconds, a part of 1, a growth (0.1 is +10 %), a difference of two parts of 1,
how many times as much, money in the currency of the providers' prices, or epoch seconds."""

Better = Literal["more", "less", "neither"]


@dataclass(frozen=True, slots=True)
class Range:
    """An estimate and its interval; ``unit`` where it is not that of its column."""

    value: float
    low: float
    high: float
    unit: Unit | None = None


Cell = str | float | int | Range | None


@dataclass(frozen=True, slots=True)
class Figure:
    """A headline number beside that of the comparison period; None where it is not known.

    ``better`` says in which direction it is good news; ``note`` what it counts.
    """

    name: str
    value: float | None
    unit: Unit = "count"
    before: float | None = None
    better: Better = "neither"
    note: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; the cells of one with a ``unit`` are numbers or ranges."""

    name: str
    unit: Unit = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells; ``name`` is that of its file and sheet, people see the first ``shown`` rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    shown: int = 12

    def without_empty(self) -> Table:
        """Return it without the columns in which nothing is known or said of any row."""
        filled = [
            index
            for index in range(len(self.columns))
            if not self.rows or any(row[index] not in {None, ""} for row in self.rows)
        ]
        return replace(
            self,
            columns=tuple(self.columns[index] for index in filled),
            rows=tuple(tuple(row[index] for index in filled) for row in self.rows),
        )


@dataclass(frozen=True, slots=True)
class StackedBars:
    """Amounts a day or week, one above the other; ``series`` are pairs of (name, one value a start)."""

    name: str
    title: str
    unit: Unit
    starts: tuple[float, ...]
    width_seconds: float
    series: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar a label, the greatest first; with what it was before, and an interval, if known."""

    name: str
    title: str
    unit: Unit
    labels: tuple[str, ...]
    values: tuple[float, ...]
    before: tuple[float | None, ...] = ()
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Panel:
    """One small chart over time: single runs, and the median and 90th percentile of each day or week."""

    title: str
    at: tuple[float, ...]
    values: tuple[float, ...]
    days: tuple[float, ...]
    p50: tuple[float, ...]
    p90: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Panels:
    """Small multiples, each with its own height."""

    name: str
    title: str
    unit: Unit
    panels: tuple[Panel, ...]


@dataclass(frozen=True, slots=True)
class Pairs:
    """What was foreseen against what came, side by side for each kind; all positive seconds.

    ``kinds`` are triples of (name, foreseen, actual), both one value a run.
    """

    name: str
    title: str
    unit: Unit
    kinds: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]


Chart = StackedBars | Bars | Panels | Pairs


@dataclass(frozen=True, slots=True)
class Section:
    """What belongs together; sentences first."""

    title: str
    sentences: tuple[str, ...] = ()
    charts: tuple[Chart, ...] = ()
    tables: tuple[Table, ...] = ()


@dataclass(frozen=True, slots=True)
class Span:
    """From ``since`` until before ``until``, in epoch seconds."""

    since: float
    until: float

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.until - self.since

    def holds(self, at: float) -> bool:
        """Tell whether a moment lies in it."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Report:
    """One report; ``notes`` say what its numbers do not cover."""

    name: str
    title: str
    period: Span
    compared_with: Span | None
    project: str
    made_at: float
    figures: tuple[Figure, ...]
    sections: tuple[Section, ...]
    notes: tuple[str, ...] = ()

    @property
    def tables(self) -> tuple[Table, ...]:
        """All of its tables, in their order."""
        return tuple(table for section in self.sections for table in section.tables)

    @property
    def charts(self) -> tuple[Chart, ...]:
        """All of its charts, in their order."""
        return tuple(chart for section in self.sections for chart in section.charts)
