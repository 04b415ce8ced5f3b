"""The tasks of reports: read what ran in a period, make a report of it, and report on a training."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.orchestration import get_client

from analytics.history.runs import Run, of_flow_runs
from analytics.history.server import FLOWS, as_values, flow_names, pages
from analytics.history.task import post
from analytics.insights.lifecycle import Changes
from analytics.insights.slowdowns import section
from analytics.reports.catalogue import make_report
from analytics.reports.data.model import Report, Section, Span
from analytics.reports.data.needs import kept_needs
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.data.tables import FlowRow, ReportTables, report_tables
from analytics.reports.render.charts.figure import png
from analytics.reports.render.files import FormatName, write
from analytics.reports.render.markdown import first_figures, markdown, summary
from analytics.reports.sections.calibration import calibration_sections
from analytics.reports.sections.training import of_training
from analytics.training import report as training_report
from analytics.training.backtest import Backtest
from blocks.project import Project
from tasks.artifact import artifact_key, one_line
from tasks.errors import NotFoundError
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
        request = partial(post, client)
        names = await flow_names(request)
        async for page in pages(request, FLOWS, ended, "END_TIME_DESC"):
            flow_runs |= {read_run["id"]: read_run for read_run in page}
    return [row for run in flow_runs.values() for row in _rows(run, names.get(run["flow_id"], ""))]


@task(name="read ledger", task_run_name="read ledger", cache_policy=NO_CACHE, persist_result=False)
async def read_ledger(flows: list[FlowRow], since: float) -> ReportTables:
    """Read what the ledger has recorded since then, and combine it with the flow runs."""
    return await asyncio.to_thread(_history, flows, since, time.time())


async def refuse_unknown_project(project: str, tables: ReportTables) -> None:
    """Refuse a project that is neither configured nor in ``tables``; empty is every project.

    Raises:
        NotFoundError: There is nothing to report on it.
    """
    if not project or project in tables.projects:
        return
    async with get_client() as client:
        blocks = await client.read_block_documents_by_type(Project.get_block_type_slug())
    configured = [block.name for block in blocks if block.name]
    if project not in configured:
        known = sorted({*configured, *tables.projects})
        raise NotFoundError("project", project, known, "Name one of them, or none for all.")


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
    await acreate_markdown_artifact(
        text,
        key=artifact_key(f"report-{name}", project),
        description=one_line(f"{report.title}: {figures}"),
    )
    sentence = summary(report)
    get_run_logger().info("%s", sentence)
    for path in files:
        get_run_logger().info("Written: %s", path)
    return sentence


@task(name="report", task_run_name="report", cache_policy=NO_CACHE, persist_result=False)
async def report(runs: list[Run], tested: Backtest, changes: Changes, since_days: int) -> None:
    """Show the results of a training and the accuracy of its forecasts as artifacts."""
    text = await asyncio.to_thread(_training_text, runs, tested, changes, since_days)
    await acreate_markdown_artifact(
        text, key="training-report", description="Forecast quality after the last training"
    )
    if tested.is_forecast.any():
        image = await asyncio.to_thread(training_report.chart, *tested.pairs)
        description = "Forecast and actual duration of each run"
        await acreate_markdown_artifact(
            picture(image, description), key="training-chart", description=description
        )


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


def _training_text(runs: list[Run], tested: Backtest, changes: Changes, since_days: int) -> str:
    trends = of_training(runs)
    parts = [training_report.markdown(runs, tested, since_days), section(changes)]
    return "\n\n".join([*parts, *([f"## Trends\n\n{trends}"] if trends else [])])
