"""A report as one self-contained HTML file with styles and charts, without scripts.

Jinja escapes all names and messages.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template

from analytics.reports.data import period
from analytics.reports.data.model import Chart, Report, Section, StackedBars
from analytics.reports.render.charts.figure import HALF_WIDTH_INCHES, WIDTH_INCHES, svg
from analytics.reports.render.plain import moment
from analytics.reports.render.quantities import change, is_better, written


def page(report: Report) -> str:
    """Return the page."""
    return _template().render(
        report=report,
        period=period.written(report.period),
        compared=period.written(report.compared_with) if report.compared_with else "",
        made_at=moment(report.made_at),
    )


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals |= {
        "written": written,
        "change": change,
        "is_better": is_better,
        "drawn": _drawn,
        "is_half": _is_half,
    }
    return environment.get_template("page.html.jinja")


def _is_half(chart: Chart, section: Section) -> bool:
    """Return whether a chart stands beside another: stacked bars do, in pairs."""
    return (
        isinstance(chart, StackedBars)
        and sum(isinstance(other, StackedBars) for other in section.charts) > 1
    )


def _drawn(chart: Chart, is_half: bool) -> str:  # noqa: FBT001 - the template calls it
    return svg(chart, HALF_WIDTH_INCHES if is_half else WIDTH_INCHES)
