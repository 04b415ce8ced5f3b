"""The context of a report: the tables of its period, of the compared period, and of all before."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from analytics.reports.data import period
from analytics.reports.data.model import Better, Figure, Report, Section, Span, Unit
from analytics.reports.data.tables import ReportTables

_OTHERS = "Nothing that this report covers ended in this period; other things did."


@dataclass(frozen=True)
class ReportContext:
    """The tables of a period (``now``), of the compared one (``before``) and of all until its end.

    All of one project, or of all where ``project`` is empty; ``projects`` are the names of all.
    ``calibration`` are sections on how well forecasts held, for the performance report.
    """

    span: Span
    compared_with: Span | None
    now: ReportTables
    before: ReportTables | None
    history: ReportTables
    project: str
    made_at: float
    projects: tuple[str, ...] = ()
    calibration: tuple[Section, ...] = ()

    def figure(
        self,
        name: str,
        measure: Callable[[ReportTables], float | None],
        unit: Unit = "count",
        better: Better = "neither",
        note: str = "",
    ) -> Figure:
        """Return a headline: ``measure`` of the period, beside that of the compared one."""
        before = None if self.before is None or self.before.is_empty else measure(self.before)
        return Figure(name, measure(self.now), unit, before, better, note)

    def report(
        self,
        name: str,
        title: str,
        figures: tuple[Figure, ...],
        sections: tuple[Section, ...],
    ) -> Report:
        """Return the report without its empty sections."""
        filled = tuple(
            section for section in sections if section.sentences or section.charts or section.tables
        )
        return Report(
            name,
            title,
            self.span,
            self.compared_with,
            self.project,
            self.made_at,
            figures=tuple(figure for figure in figures if figure.value is not None),
            sections=() if self.now.is_empty else filled,
            notes=self._notes() if filled or self.now.is_empty else (*self._notes(), _OTHERS),
        )

    def _notes(self) -> tuple[str, ...]:
        notes = []
        if self.now.is_empty:
            notes.append(self._nothing())
        if self.now.flows_since > self.span.since:
            since = period.minute(self.now.flows_since)
            notes.append(f"Flow runs are known only since {since}: Prefect deletes older ones.")
        elif self.compared_with and self.now.flows_since > self.compared_with.since:
            notes.append(
                "Flow runs are not compared: Prefect has deleted some of the earlier period."
            )
        if self.before is not None and self.before.is_empty and not self.now.is_empty:
            notes.append("Nothing ended in the earlier period.")
        return tuple(notes)

    def _nothing(self) -> str:
        if self.project and self.project not in self.projects:
            others = ", ".join(self.projects[:8]) or "none yet"
            return f"Nothing is known of the project {self.project}. Known projects: {others}."
        return f"Nothing ended in this period: {period.written(self.span)}."


def report_context(
    everything: ReportTables, span: Span, compared_with: Span | None, project: str, made_at: float
) -> ReportContext:
    """Return the context of a report of ``span``.

    Flow runs are not compared with a period of which Prefect has deleted a part.
    """
    everything = replace(everything, until=made_at)
    before = None if compared_with is None else everything.of(compared_with, project)
    if before is not None and compared_with and everything.flows_since > compared_with.since:
        before = before.without_flows()
    return ReportContext(
        span,
        compared_with,
        everything.of(span, project),
        before,
        everything.of(Span(float("-inf"), span.until), project),
        project,
        made_at,
        tuple(everything.projects),
    )
