"""The Prefect tasks of observing: the status of what runs, and estimates of what will run."""

from __future__ import annotations

import asyncio
import time

from prefect import get_run_logger, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE

from tasks.artifact import artifact_key, one_line
from tasks.exposure import exposures
from tasks.ledger.expectations import Expectation
from tasks.ledger.insights import open_insights
from tasks.ledger.instances import instances
from tasks.ledger.lending import lent_ledger
from tasks.observe import expected as expecting
from tasks.observe import report
from tasks.observe.status import StatusRow, View, status_rows
from tasks.release import LIVING
from tasks.settings import settings


@task(cache_policy=NO_CACHE, task_run_name="status", persist_result=False)
async def status(
    project: str = "", environment: str = "", view: View | None = None
) -> list[StatusRow]:
    """Look at what runs (empty: of all projects), and show it as a table."""
    rows, alerts = await asyncio.to_thread(look, project or None, environment or None, view)
    await acreate_table_artifact(
        key=artifact_key("status", project, environment),
        table=report.table(rows),
        description=one_line(" ".join(["Services:", report.summary(rows), *alerts])),
    )
    get_run_logger().info("%s", report.summary(rows))
    if words := report.last_words(rows):
        get_run_logger().warning("%s", words)
    for sentence in alerts:
        get_run_logger().warning(sentence)
    return rows


@task(cache_policy=NO_CACHE, task_run_name="estimate", persist_result=False)
async def expected(asked: str, found: list[Expectation]) -> None:
    """Show the estimates that were ``found`` for the key ``asked`` as a table."""
    sentence = expecting.summary(asked, found)
    project, _, below = asked.partition("/")
    workload = below.partition("/")[0]
    await acreate_table_artifact(
        key=artifact_key("estimate", project, workload),
        table=expecting.table(found),
        description=one_line(sentence),
    )
    get_run_logger().info(sentence)


def look(
    project: str | None = None, environment: str | None = None, view: View | None = None
) -> tuple[list[StatusRow], list[str]]:
    """Return the rows of all that runs, and alerts to read beside them, one sentence each."""
    with lent_ledger(settings()) as ledger:
        rows = status_rows(ledger, time.time(), project, environment, view)
        exposed = exposures(instances(ledger, project, environment, LIVING))
        return rows, [*report.alerts(open_insights(ledger), project, environment), *exposed]
