"""The sections on failures: their causes, flaky steps, and times to recovery."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analytics.reports.data.causes import cause_kind
from analytics.reports.data.model import Column, Figure, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables

FAILED = ("failed", "timed_out", "out_of_memory", "crashed", "lost")
UNSAID = "(says nothing)"


@dataclass(frozen=True, slots=True)
class Outage:
    """From the end of the first failure of ``key`` to that of its next success, epoch seconds.

    ``until`` is None if it has not succeeded since; ``failures`` is how many there were.
    """

    key: str
    since: float
    until: float | None
    failures: int


def outages(table: pd.DataFrame, key: pd.Series[str]) -> list[Outage]:
    """Return the outages of each key; cancelled runs neither start nor end one.

    ``key`` has the key of every row of ``table``.
    """
    ended = table[table["state"].isin((*FAILED, "succeeded"))].assign(of=key)
    all_found: list[Outage] = []
    for name, runs in ended.sort_values("ended_at", kind="stable").groupby("of"):
        all_found += _outages(str(name), runs)
    return sorted(all_found, key=lambda outage: outage.since)


def _outages(key: str, runs: pd.DataFrame) -> Iterator[Outage]:
    since, failures = np.nan, 0
    for state, ended in zip(runs["state"], runs["ended_at"], strict=True):
        if state == "succeeded" and failures:
            yield Outage(key, since, float(ended), failures)
            failures = 0
        elif state != "succeeded":
            since = since if failures else float(ended)
            failures += 1
    if failures:
        yield Outage(key, since, None, failures)


def all_outages(tables: ReportTables) -> list[Outage]:
    """Return the outages of workloads and of flows."""
    runs, flows = tables.runs, tables.flows
    where = runs["project"] + "/" + runs["workload"] + " in " + runs["environment"]
    flow_names = (
        "flow/"
        + flows["flow"]
        + flows["project"].where(flows["project"] == "", " of " + flows["project"])
    )
    return outages(runs, where) + outages(flows, flow_names)


def mean_time_to_recovery(tables: ReportTables) -> float | None:
    """Return the mean seconds from a first failure to the next success; None without any."""
    seconds = [
        outage.until - outage.since for outage in all_outages(tables) if outage.until is not None
    ]
    return float(np.mean(seconds)) if seconds else None


def recovery_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the mean time to recovery, and how many steps another attempt rescued."""
    return (
        context.figure(
            "mean time to recovery",
            mean_time_to_recovery,
            "s",
            "less",
            note="from the first failure to the next success of the same",
        ),
        context.figure(
            "steps rescued by another attempt", lambda tables: float(len(rescued(tables.steps)))
        ),
    )


def recovery_section(context: ReportContext) -> Section:
    """Return the outages of the period, those that are not over first."""
    ordered = sorted(
        all_outages(context.now), key=lambda outage: (outage.until is not None, -outage.since)
    )
    if not ordered:
        return Section("Recovery")
    rows = tuple(
        (
            outage.key,
            outage.since,
            outage.until,
            outage.failures,
            None if outage.until is None else outage.until - outage.since,
        )
        for outage in ordered
    )
    columns = (
        Column("what"),
        Column("failing since", "moment"),
        Column("worked again", "moment"),
        Column("failures", "count"),
        Column("took", "s"),
    )
    still = sum(outage.until is None for outage in ordered)
    sentence = f"{still} of {len(ordered)} had not worked again by the end of the period."
    title = "Until it worked again"
    return Section("Recovery", (sentence,), tables=(Table("recovery", title, columns, rows),))


def reasons_section(context: ReportContext) -> Section:
    """Return the causes of failures; causes that differ only in numbers and ids are one reason."""
    rows = _reasons(context.now.flows, "flow run", "flow")
    rows += _reasons(context.now.steps, "step", "key")
    if not rows:
        return Section("Reasons of failures")
    columns = (
        Column("of"),
        Column("how"),
        Column("it says"),
        Column("times", "count"),
        Column("most often"),
        Column("last", "moment"),
    )
    ordered = tuple(sorted(rows, key=lambda row: -int(row[3])))
    note = "What looks like a secret is left out."
    return Section("Reasons of failures", tables=(Table("reasons", "Why", columns, ordered, note),))


def rescued(steps: pd.DataFrame) -> pd.DataFrame:
    """Return the attempts that succeeded after another one had failed in the same workload run."""
    return steps[(steps["attempt"] > 1) & (steps["state"] == "succeeded")]


def flaky_section(context: ReportContext) -> Section:
    """Return the steps that failed and succeeded with the same input."""
    steps = context.now.steps
    all_rescued = rescued(steps)
    if all_rescued.empty:
        return Section("Flaky steps")
    runs = steps.groupby("key")["run"].nunique()
    tries = steps[steps["attempt"] > 1].groupby("key")
    lost = steps[~steps["is_last"]].groupby("key")["seconds"].sum()
    rows = sorted(
        (
            str(key),
            int(runs[key]),
            len(rescued_attempts),
            len(tries.get_group(key)),
            rescued_attempts["run"].nunique() / int(runs[key]),
            float(lost.get(key, 0.0)),
        )
        for key, rescued_attempts in all_rescued.groupby("key")
    )
    columns = (
        Column("step"),
        Column("runs", "count"),
        Column("rescued", "count"),
        Column("further attempts", "count"),
        Column("flaky runs", "share"),
        Column("spent in vain", "s"),
    )
    ordered = tuple(sorted(rows, key=lambda row: -row[4]))
    sentence = "A step of the same release and workload failed first and then succeeded:"
    return Section("Flaky steps", (sentence,), tables=(Table("flaky", "Steps", columns, ordered),))


def _reasons(
    table: pd.DataFrame, what: str, by: str
) -> list[tuple[str, str, str, int, str, float]]:
    groups: dict[tuple[str, str], list[tuple[str, str, float]]] = defaultdict(list)
    failed = table[table["state"].isin((*FAILED, "preempted"))]
    columns = (failed[name] for name in ("state", "cause", by, "ended_at"))
    for state, text, key, at in zip(*columns, strict=True):
        groups[state, cause_kind(text)].append((text, str(key), float(at)))
    return [
        (
            what,
            state.replace("_", " "),
            failures[-1][0] or UNSAID,
            len(failures),
            Counter(key for _, key, _ in failures).most_common(1)[0][0],
            max(at for _, _, at in failures),
        )
        for (state, _), failures in groups.items()
    ]
