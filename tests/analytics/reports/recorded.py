"""A history as server and ledger would have recorded it: two weeks of a shop with two workloads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from random import Random

from analytics.history.runs import FLOW_KIND, Run
from analytics.reports.catalogue import REPORTS
from analytics.reports.data.model import Report, Span
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.data.report_context import ReportContext, report_context
from analytics.reports.data.tables import FlowRow, ReportTables, report_tables
from blocks.providers.interface import End, Outcome, Resources
from blocks.repositories.interface import Snapshot
from tasks.ledger.activity import Activity, KnownProvider
from tasks.ledger.executions import Execution
from tasks.ledger.insights import RaisedInsight
from tasks.ledger.plans import StoredPlan
from tasks.ledger.rollouts import RolloutRow
from tasks.ledger.workloads import WorkloadRow
from tasks.plan import Placement, Plan

NOW = 20_000 * DAY_SECONDS
WEEK = 7 * DAY_SECONDS
LOCAL = KnownProvider("local", "shell", Resources(cpus=4, memory_mib=8192, slots=4), 1.0, 0.0)
CLOUD = KnownProvider("cloud", "shell", Resources(cpus=8, memory_mib=16384, slots=8), 2.0, 1.8)
NEEDS = {"lint": (), "build": (), "test": ("lint", "build"), "pack": ("test",)}
SECONDS = {"lint": 12.0, "build": 40.0, "test": 90.0, "pack": 6.0}
ASKED = {"lint": 512, "build": 2048, "test": 1024, "pack": 512}
PASSWORD = "hunter2-is-no-secret"


@dataclass(frozen=True)
class Shop:
    """How the shop runs; in the last week its steps take ``slower`` times as long."""

    runs_a_day: int = 6
    days: int = 14
    slower: float = 1.3
    seed: int = 1


def execution(  # noqa: PLR0917 - the fields that matter
    run: str,
    step: str,
    started_at: float,
    seconds: float,
    end: End = End.SUCCEEDED,
    attempt: int = 1,
) -> Execution:
    """Return one attempt of the shop; builds and tests run in the cloud, at a price."""
    provider = CLOUD if step in {"build", "test"} else LOCAL
    failed = f"exit code 1: no such host {run}, password={PASSWORD}"
    cause = "" if end is End.SUCCEEDED else failed
    outcome = Outcome(
        end=end,
        cause=cause,
        started_at=started_at,
        ended_at=started_at + seconds,
        cpu_seconds=seconds * 0.8,
        peak_memory_mib=300 + seconds,
    )
    return Execution(
        run,
        step,
        attempt,
        1,
        provider.name,
        provider.kind,
        f"shop/release/{step}",
        Path("/nowhere"),
        started_at,
        Resources(cpus=1, memory_mib=ASKED[step], slots=1),
        outcome,
        seconds / 3600 * provider.price_per_hour,
    )


def plan() -> Plan:
    """Return what is promised of every run of the shop."""
    starts = {"lint": 0.0, "build": 0.0, "test": 40.0, "pack": 130.0}
    placed = tuple(Placement(step, "cloud", at, at + SECONDS[step]) for step, at in starts.items())
    return Plan("shop", "release", "planned", tuple(starts), placed, 136.0, 130.0, 0.1, 0.5)


def one_run(
    name: str, started_at: float, factor: float, *, fails: bool, flaky: bool
) -> list[Execution]:
    """Return the attempts of one run; a flaky build succeeds at the second try."""
    executions = [execution(name, "lint", started_at, SECONDS["lint"])]
    at = started_at
    if flaky:
        executions.append(execution(name, "build", at, 20.0, End.FAILED))
        at += 21
    executions.append(
        execution(name, "build", at, SECONDS["build"] * factor, attempt=2 if flaky else 1)
    )
    at += SECONDS["build"] * factor + 4
    end = End.FAILED if fails else End.SUCCEEDED
    executions.append(execution(name, "test", at, SECONDS["test"] * factor, end))
    if not fails:
        executions.append(execution(name, "pack", at + SECONDS["test"] * factor, SECONDS["pack"]))
    return executions


def activity_of(shop: Shop) -> Activity:
    """Return what the ledger has recorded of the shop until ``NOW``."""
    random = Random(shop.seed)
    workloads, executions = [], []
    plans: dict[str, StoredPlan] = {}
    for day in range(shop.days):
        for turn in range(shop.runs_a_day):
            name = f"run{day:02}{turn:02}"
            started_at = (
                NOW
                - (shop.days - day) * DAY_SECONDS
                + (8 + turn * 2) * 3600
                + random.random() * 900
            )
            recent = day >= shop.days - 7
            factor = (shop.slower if recent else 1.0) * math.exp(random.gauss(0, 0.08))
            fails = turn == 3 and day % 4 == 1
            executions_of_run = one_run(
                name, started_at, factor, fails=fails, flaky=turn == 1 and day % 3 == 0
            )
            ended = max(
                execution.outcome.ended_at for execution in executions_of_run if execution.outcome
            )
            state = "failed" if fails else "succeeded"
            key = f"shop/release/dev/{name}/fedcba"
            workloads.append(WorkloadRow(name, key, "me", 1, state, 0.0, started_at - 2, ended + 1))
            executions += executions_of_run
            plans[name] = StoredPlan(len(plans) + 1, name, plan(), started_at - 1)
    return Activity(
        tuple(workloads),
        tuple(executions),
        plans,
        (_rollout("done", NOW - 3 * DAY_SECONDS), _rollout("reverted", NOW - 2 * DAY_SECONDS)),
        (
            _snapshot("first", NOW - 10 * DAY_SECONDS),
            _snapshot("second", NOW - 2 * DAY_SECONDS),
            _snapshot("third", NOW - DAY_SECONDS),
        ),
        (
            RaisedInsight(
                *("regression", "shop/release/build", "warning", "run0701"),
                "takes 1.3 times as long: 52 s instead of 40 s",
                *(NOW - 6 * DAY_SECONDS, NOW - 5 * DAY_SECONDS, NOW - DAY_SECONDS),
            ),
        ),
        (CLOUD, LOCAL),
    )


def _rollout(phase: str, at: float) -> RolloutRow:
    document = {
        "kind": "deploy",
        "from_version": "1.0",
        "version": "1.1",
        "reason": "" if phase == "done" else "GET /health: 500",
        "timeline": [["preparing", at], ["shifting", at + 8], ["done", at + 8.2]],
    }
    return RolloutRow("r" + phase, "shop", "dev", phase, "me", 1, 0.0, document, at, at + 9)


def _snapshot(name: str, at: float) -> Snapshot:
    return Snapshot(name, "local", "shop", "dev", (), at, 1200, 80 << 20, 2 << 20, 3.5)


def flow_rows(shop: Shop) -> list[FlowRow]:
    """Return the flow runs of the server: those of the shop, and somebody else's every hour."""
    random = Random(shop.seed + 1)
    rows = []
    for hour in range(shop.days * 24):
        started_at = NOW - shop.days * DAY_SECONDS + hour * 3600 + 60
        state, message = "succeeded", ""
        if hour % 50 == 7:
            state, message = "crashed", "Flow run process exited with 137"
        elif hour % 31 == 3:
            state, message = "failed", f"could not reach postgres://me:{PASSWORD}@db/{hour}"
        elif hour % 90 == 11:
            state, message = "cancelled", "by a user"
        seconds = 30 * math.exp(random.gauss(0, 0.2))
        rows.append(
            _flow_row("somebody else's", "", state, message, started_at, seconds, f"e{hour}")
        )
    for day in range(shop.days):
        started_at = NOW - (shop.days - day) * DAY_SECONDS + 9 * 3600
        rows.append(_flow_row("ship", "shop", "succeeded", "", started_at, 200.0, f"s{day}"))
    return rows


def _flow_row(  # noqa: PLR0917 - the fields that matter
    flow: str, project: str, state: str, message: str, started_at: float, seconds: float, name: str
) -> FlowRow:
    run = Run(
        *(
            FLOW_KIND,
            f"flow/{flow}",
            started_at,
            started_at + seconds,
            seconds,
            state == "succeeded",
        ),
        state=state,
        submitted_at=started_at - 2.0,
        id=name,
    )
    return FlowRow(run, project, message)


@cache
def shop_history(shop: Shop | None = None) -> ReportTables:
    """Return all that is known of the shop; made once, since no report changes it."""
    recorded_shop = shop or Shop()
    recorded = activity_of(recorded_shop)
    needs = {row.id: NEEDS for row in recorded.workloads}
    return report_tables(flow_rows(recorded_shop), recorded, needs, NOW - 30 * DAY_SECONDS)


def last_week(
    everything: ReportTables,
    project: str = "",
    compared: bool = True,
) -> ReportContext:
    """Return what a report of the last week is made from, compared with the week before."""
    before = Span(NOW - 2 * WEEK, NOW - WEEK) if compared else None
    return report_context(everything, Span(NOW - WEEK, NOW), before, project, NOW)


@cache
def report_of_last_week(name: str) -> Report:
    """Return the report of that name on the last week of the shop; made once, as no test changes it."""
    return REPORTS[name](last_week(shop_history()))


def nothing(project: str = "") -> ReportContext:
    """Return what a report is made from where nothing has ever run."""
    return last_week(report_tables([], Activity()), project)
