"""The flow `report`, which makes reports on a period as artifacts and as files."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated, Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.annotations import opaque
from pydantic import Field

from analytics.reports.catalogue import ReportName, needed_since, report_names, spans
from analytics.reports.data.period import CompareName, PeriodName
from analytics.reports.render.files import FORMATS, FormatName
from analytics.reports.task import make, read_flow_runs, read_ledger, refuse_unknown_project
from blocks.parameter import Day, NameOrAll
from tasks.errors import BadInputError


@flow(
    name="report",
    flow_run_name=lambda: _run_name(flow_run.parameters),
    description=(
        "Reports on a period: what was done, how fast, at what cost and how well, as artifacts "
        "and as files to pass on (HTML, JSON, CSV, Excel)."
    ),
    persist_result=True,
    result_serializer="json",
)
async def report_flow(  # noqa: PLR0917 - they are its form in the UI
    report: ReportName = "all",
    period: PeriodName = "last 7 days",
    compare: CompareName = "previous period",
    project: NameOrAll = "",
    formats: Annotated[list[FormatName], Field(max_length=len(FORMATS))] = list(FORMATS),  # noqa: B006 - Prefect copies it
    since: Day | None = None,
    until: Day | None = None,
) -> State[list[str]]:
    """Report on what ran in a period, beside another one.

    Args:
        report: Which report: `executive` is one page of everything, the others go into detail.
        period: The period of the report, up to now; `since` and `until` name other days.
        compare: The period to compare with: the time of the same length just before, or that many
            weeks before, which are the same days of the week.
        project: Only the runs of this project; empty: everything.
        formats: The files that are written, below the folder `reports` of Slipway's home; without
            any, there are the artifacts alone.
        since: First day instead of the period's own.
        until: Last day instead of today. Days are those of UTC.

    Returns:
        One sentence a report; they are the artifacts `report-<name>`, or `report-<name>-<project>`.
    """
    try:
        period_and_compared = spans(period, since, until, compare, time.time())
    except BadInputError as error:
        return Failed(message=str(error), data=error)
    begin = needed_since(*period_and_compared)
    flows = await read_flow_runs(begin)
    # Prefect need not look for futures in every row.
    rows: Any = opaque(flows)
    tables = await read_ledger(rows, begin)
    try:
        await refuse_unknown_project(project, tables)
    except BadInputError as error:
        return Failed(message=str(error), data=error)
    everything: Any = opaque(tables)
    sentences = [
        await make(name, everything, period_and_compared, project, formats)
        for name in report_names(report)
    ]
    more = (
        f" Written beside it: {', '.join(report_names(report)[1:])}." if len(sentences) > 1 else ""
    )
    return Completed(message=sentences[0] + more, data=sentences)


def _run_name(parameters: Mapping[str, Any]) -> str:
    """Return e.g. ``cost report of shop, last 7 days``."""
    days = [parameters.get("since"), parameters.get("until")]
    when = " to ".join(str(day) for day in days if day) or parameters["period"]
    of_project = f" of {parameters['project']}" if parameters["project"] else ""
    what = "all reports" if parameters["report"] == "all" else f"{parameters['report']} report"
    return f"{what}{of_project}, {when}"
