"""The model of a report: figures, tables, charts and sentences, whatever the output format."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

Unit = Literal["", "count", "s", "share", "change", "points", "ratio", "money", "MiB", "moment"]
"""The unit of a number: a count, seconds, a share of 1, a growth (0.1 is +10 %), a difference of
two shares, a ratio, money in the currency of the providers' prices, MiB, or epoch seconds."""

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
    """A headline number beside that of the comparison period; None if it is not known.

    ``better`` is the direction of an improvement; ``note`` says what is counted.
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
    """Rows of cells; ``name`` is that of its file and sheet, and a page shows ``shown`` rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""
    shown: int = 12

    def without_empty(self) -> Table:
        """Return it without the columns that are empty in every row."""
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
    """Stacked amounts of each day or week; ``series`` are pairs of (name, a value a start)."""

    name: str
    title: str
    unit: Unit
    starts: tuple[float, ...]
    width_seconds: float
    series: tuple[tuple[str, tuple[float, ...]], ...]


@dataclass(frozen=True, slots=True)
class Bars:
    """One bar for each label, the greatest first; with an earlier value and interval, if known."""

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
    """One small chart over time: single runs, and the p50 and p90 of each day or week."""

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
    """Planned against actual durations, one chart for each kind; all are positive seconds.

    ``kinds`` are triples of (name, planned, actual), both with one value for each run.
    """

    name: str
    title: str
    unit: Unit
    kinds: tuple[tuple[str, tuple[float, ...], tuple[float, ...]], ...]


Chart = StackedBars | Bars | Panels | Pairs


@dataclass(frozen=True, slots=True)
class Section:
    """One section of a report; its sentences come first."""

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
        """Return whether a moment lies in it."""
        return self.since <= at < self.until


@dataclass(frozen=True, slots=True)
class Report:
    """One report; ``notes`` are sentences on what its numbers do not cover."""

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
