"""The sections on failures: their causes, flaky steps, and times to recovery."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence

import pandas as pd

from analytics.reports.data.causes import cause_kind
from analytics.reports.data.model import Column, Figure, Section, Table
from analytics.reports.data.outages import (
    FAILED,
    Outage,
    all_outages,
    ended_seconds,
    mean_time_to_recovery,
    open_seconds,
)
from analytics.reports.data.report_context import ReportContext
from analytics.reports.render.quantities import written

UNSAID = "(says nothing)"


def recovery_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the mean time to recovery, and how many steps another attempt rescued."""
    return (
        context.figure(
            "mean time to recovery",
            mean_time_to_recovery,
            "s",
            "less",
            note="from the first failure to the next success of the same, open ones counted",
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
    sentences = open_outages(ordered, context.now.until)
    title = "Until it worked again"
    return Section("Recovery", sentences, tables=(Table("recovery", title, columns, rows),))


def open_outages(of: Sequence[Outage], until: float) -> tuple[str, ...]:
    """Return what a reader must know of the outages that were open at ``until``."""
    ended, still_open = ended_seconds(of), open_seconds(of, until)
    count = f"{len(still_open)} of {len(of)} had not worked again by the end of the period."
    if not still_open:
        return (count,)
    longest = written(max(still_open), "s")
    if not ended:
        return (count, f"The mean time to recovery is not known: so far they took up to {longest}.")
    counted = "The mean time to recovery counts them too"
    if max(still_open) < max(ended):
        return (count, f"{counted}, each with at least what it took so far.")
    return (count, f"{counted}, with up to {longest}: the true mean is longer.")


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
