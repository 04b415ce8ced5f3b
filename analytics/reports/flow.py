"""The flow `report`, which makes reports on a period as artifacts and as files."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, Any

from prefect import flow, get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import PrefectClient, get_client
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed, Failed
from prefect.utilities.annotations import opaque
from pydantic import Field

from analytics.history.runs import of_flow_runs
from analytics.history.server import FLOWS, as_values, flow_names, pages
from analytics.reports.catalogue import ReportName, make_report, needed_since, report_names, spans
from analytics.reports.data.model import Report, Section, Span
from analytics.reports.data.needs import kept_needs
from analytics.reports.data.period import DAY_SECONDS, CompareName, PeriodName
from analytics.reports.data.tables import FlowRow, ReportTables, report_tables
from analytics.reports.render.charts.figure import png
from analytics.reports.render.files import FORMATS, FormatName, write
from analytics.reports.render.markdown import first_figures, markdown, summary
from analytics.reports.sections.calibration import calibration_sections
from blocks.parameter import Day, NameOrAll
from tasks.errors import BadInputError
from tasks.ledger.activity import activity
from tasks.ledger.decisions import decisions
from tasks.ledger.hosts import open_own_ledger
from tasks.picture import picture
from tasks.settings import settings

REPORTS_FOLDER = "reports"


@task(
    name="read flow runs",
    task_run_name="read flow runs",
    cache_policy=NO_CACHE,
    retries=3,
    retry_delay_seconds=2,
    persist_result=False,
)
async def read_flow_runs(since: float) -> list[FlowRow]:
    """Read every flow run of the server that ended after ``since``, of any flow."""
    after = datetime.fromtimestamp(since, UTC).isoformat()
    ended = {"end_time": {"after_": after, "is_null_": False}}
    flow_runs: dict[str, dict[str, Any]] = {}
    async with get_client() as client:
        post = partial(_post, client)
        names = await flow_names(post)
        async for page in pages(post, FLOWS, ended, "END_TIME_DESC"):
            flow_runs |= {read_run["id"]: read_run for read_run in page}
    return [row for run in flow_runs.values() for row in _rows(run, names.get(run["flow_id"], ""))]


@task(name="read ledger", task_run_name="read ledger", cache_policy=NO_CACHE, persist_result=False)
async def read_ledger(flows: list[FlowRow], since: float) -> ReportTables:
    """Read what the ledger has recorded since then, and combine it with the flow runs."""
    return await asyncio.to_thread(_history, flows, since, time.time())


@task(name="report", task_run_name="{name} report", cache_policy=NO_CACHE, persist_result=False)
async def make(
    name: str,
    everything: ReportTables,
    period: tuple[Span, Span | None],
    project: str,
    formats: Sequence[FormatName],
) -> str:
    """Make one report, write it to files and show it; return one sentence on it."""
    folder = settings().root / REPORTS_FOLDER
    report, files, charts = await asyncio.to_thread(
        _make_files, name, everything, period, project, tuple(formats), folder
    )
    text, figures = markdown(report, files, charts), first_figures(report)
    await acreate_markdown_artifact(text, key=f"report-{name}", description=figures)
    sentence = summary(report)
    get_run_logger().info("%s", sentence)
    for path in files:
        get_run_logger().info("Written: %s", path)
    return sentence


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
        period: What it is of, up to now; `since` and `until` name other days.
        compare: What it is compared with: the time of the same length just before, or that many
            weeks before, which are the same days of the week.
        project: Only what was run for this project; empty: everything.
        formats: As which files it is written, below the folder `reports` of Slipway's home.
        since: First day instead of the period's own.
        until: Last day instead of today. Days are those of UTC.

    Returns:
        One sentence a report; they are the artifacts `report-<name>`.
    """
    try:
        period_and_compared = spans(period, since, until, compare, time.time())
    except BadInputError as error:
        return Failed(message=str(error), data=error)
    begin = needed_since(*period_and_compared)
    flows = await read_flow_runs(begin)
    # Prefect need not look for futures in every row.
    rows: Any = opaque(flows)
    everything: Any = opaque(await read_ledger(rows, begin))
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


def _make_files(  # noqa: PLR0917 - it is called in a thread
    name: str,
    everything: ReportTables,
    period: tuple[Span, Span | None],
    project: str,
    formats: Sequence[FormatName],
    folder: Path,
) -> tuple[Report, list[Path], str]:
    calibrated = _calibration(everything, period[0], project)
    report = make_report(name, everything, *period, project, time.time(), calibrated)
    files = write(folder, report, formats)
    charts = picture(png(report.charts), f"Charts of: {report.title}") if report.charts else ""
    return report, files, charts


def _calibration(everything: ReportTables, span: Span, project: str) -> tuple[Section, ...]:
    runs = everything.of(span, project).runs["run"]
    with closing(open_own_ledger(settings())) as ledger:
        placed = decisions(ledger, kind="placement", since=span.since)
    return calibration_sections(placed, span, runs)


def _rows(run: dict[str, Any], flow_name: str) -> Iterator[FlowRow]:
    project = (run["parameters"] or {}).get("project")
    message = (run["state"] or {}).get("message")
    for row in of_flow_runs([as_values(run, flow_name or str(run["flow_id"]))]):
        yield FlowRow(row, project if isinstance(project, str) else "", message or "")


def _history(flows: list[FlowRow], since: float, now: float) -> ReportTables:
    home = settings()
    with closing(open_own_ledger(home)) as ledger:
        recorded = activity(ledger, since)
    needs = kept_needs(home.root / "steps", recorded)
    forgotten = now - home.retention_days * DAY_SECONDS
    known_since = min((row.run.started_at for row in flows), default=forgotten)
    return report_tables(flows, recorded, needs, min(known_since, forgotten))


async def _post(client: PrefectClient, path: Any, body: dict[str, Any]) -> Any:
    """Post to the Prefect API; ``path`` is one of its routes."""
    return (await client.request("POST", path, json=body)).json()
