"""What failed, why, what another attempt rescued, and how long until it worked again."""

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

    ``until`` is None where it has not succeeded since; ``failures`` is how many there were.
    """

    key: str
    since: float
    until: float | None
    failures: int


def outages(table: pd.DataFrame, key: pd.Series[str]) -> list[Outage]:
    """Return how long each key kept failing; what was cancelled changes nothing.

    ``key`` names what every row of ``table`` is a run of.
    """
    told = table[table["state"].isin((*FAILED, "succeeded"))].assign(of=key)
    found: list[Outage] = []
    for name, runs in told.sort_values("ended_at", kind="stable").groupby("of"):
        found += _outages(str(name), runs)
    return sorted(found, key=lambda one: one.since)


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


def all_outages(of: ReportTables) -> list[Outage]:
    """Return the outages of workloads and of flows."""
    runs, flows = of.runs, of.flows
    where = runs["project"] + "/" + runs["workload"] + " in " + runs["environment"]
    named = (
        "flow/"
        + flows["flow"]
        + flows["project"].where(flows["project"] == "", " of " + flows["project"])
    )
    return outages(runs, where) + outages(flows, named)


def mean_time_to_recovery(of: ReportTables) -> float | None:
    """Return the mean seconds from a first failure to the next success; None without any."""
    took = [one.until - one.since for one in all_outages(of) if one.until is not None]
    return float(np.mean(took)) if took else None


def recovery_figures(made_from: ReportContext) -> tuple[Figure, ...]:
    """Return how long it took until things worked again, and what another attempt rescued."""
    return (
        made_from.figure(
            "mean time to recovery",
            mean_time_to_recovery,
            "s",
            "less",
            note="from the first failure to the next success of the same",
        ),
        made_from.figure(
            "steps rescued by another attempt", lambda of: float(len(rescued(of.steps)))
        ),
    )


def recovery_section(made_from: ReportContext) -> Section:
    """Return the outages of the period, those that go on first."""
    found = sorted(all_outages(made_from.now), key=lambda one: (one.until is not None, -one.since))
    if not found:
        return Section("Recovery")
    rows = tuple(
        (
            one.key,
            one.since,
            one.until,
            one.failures,
            None if one.until is None else one.until - one.since,
        )
        for one in found
    )
    columns = (
        Column("what"),
        Column("failing since", "moment"),
        Column("worked again", "moment"),
        Column("failures", "count"),
        Column("took", "s"),
    )
    still = sum(one.until is None for one in found)
    said = f"{still} of {len(found)} had not worked again by the end of the period."
    title = "Until it worked again"
    return Section("Recovery", (said,), tables=(Table("recovery", title, columns, rows),))


def reasons_section(made_from: ReportContext) -> Section:
    """Return why things failed: causes that differ in numbers and ids only are one reason."""
    rows = _reasons(made_from.now.flows, "flow run", "flow")
    rows += _reasons(made_from.now.steps, "step", "key")
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


def flaky_section(made_from: ReportContext) -> Section:
    """Return the steps that failed and succeeded with the very same input."""
    steps = made_from.now.steps
    saved = rescued(steps)
    if saved.empty:
        return Section("Flaky steps")
    runs = steps.groupby("key")["run"].nunique()
    tries = steps[steps["attempt"] > 1].groupby("key")
    lost = steps[~steps["is_last"]].groupby("key")["seconds"].sum()
    rows = sorted(
        (
            str(key),
            int(runs[key]),
            len(found),
            len(tries.get_group(key)),
            found["run"].nunique() / int(runs[key]),
            float(lost.get(key, 0.0)),
        )
        for key, found in saved.groupby("key")
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
    said = "A step of the same release and workload failed first and then succeeded:"
    return Section("Flaky steps", (said,), tables=(Table("flaky", "Steps", columns, ordered),))


def _reasons(
    table: pd.DataFrame, what: str, by: str
) -> list[tuple[str, str, str, int, str, float]]:
    groups: dict[tuple[str, str], list[tuple[str, str, float]]] = defaultdict(list)
    failed = table[table["state"].isin((*FAILED, "preempted"))]
    columns = (failed[name] for name in ("state", "cause", by, "ended_at"))
    for state, said, key, at in zip(*columns, strict=True):
        groups[state, cause_kind(said)].append((said, str(key), float(at)))
    return [
        (
            what,
            state.replace("_", " "),
            found[-1][0] or UNSAID,
            len(found),
            Counter(key for _, key, _ in found).most_common(1)[0][0],
            max(at for _, _, at in found),
        )
        for (state, _), found in groups.items()
    ]
