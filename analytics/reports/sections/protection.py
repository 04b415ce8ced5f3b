"""The sections on deployments and backups, with the evidence for each."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pandas as pd

from analytics.reports.data.causes import cause
from analytics.reports.data.model import Cell, Column, Figure, Section, Table
from analytics.reports.data.report_context import ReportContext
from analytics.reports.data.tables import ReportTables
from tasks.ledger.rollouts import RolloutRow

_MIB_BYTES = 1 << 20


def deployment_count(tables: ReportTables) -> float:
    """Return how many deployments and rollbacks brought another release into service."""
    return float(sum(rollout.phase == "done" for rollout in tables.rollouts))


def snapshot_count(tables: ReportTables) -> float:
    """Return how many snapshots were taken; each is recorded after a check of its repository."""
    return float(len(tables.snapshots))


def protection_figures(context: ReportContext) -> tuple[Figure, ...]:
    """Return the numbers of deployments and of backups."""
    return (
        context.figure("deployments", deployment_count, note="done; reverted ones are not counted"),
        context.figure(
            "backups", snapshot_count, "count", "more", note="each with its repository checked"
        ),
    )


def protection_sections(context: ReportContext) -> tuple[Section, ...]:
    """Return the deployments and the backups of the period."""
    return (_deployments(context), _backups(context))


def _deployments(context: ReportContext) -> Section:
    rollouts = context.now.rollouts
    if not rollouts:
        return Section("Deployments")
    done, reverted = (
        sum(rollout.phase == phase for rollout in rollouts) for phase in ("done", "reverted")
    )
    sentence = (
        f"{done} done, {reverted} reverted"
        + (
            f", {len(rollouts) - done - reverted} under way"
            if len(rollouts) > done + reverted
            else ""
        )
        + ". A release gets traffic only when it is healthy, and a reverted one never got any. "
        "How many requests were answered meanwhile is not recorded."
    )
    columns = (
        Column("when", "moment"),
        Column("project"),
        Column("environment"),
        Column("kind"),
        Column("from"),
        Column("to"),
        Column("ended as"),
        Column("took", "s"),
        Column("traffic moved in", "s"),
        Column("because"),
    )
    rows = tuple(_rollout(rollout) for rollout in reversed(rollouts))
    table = Table("deployments", "Deployments", columns, rows, shown=5)
    return Section("Deployments", (sentence,), tables=(table,))


def _rollout(rollout: RolloutRow) -> tuple[Cell, ...]:
    document: dict[str, Any] = rollout.document
    entered = [(str(phase), float(at)) for phase, at in document.get("timeline") or ()]
    shifting_seconds = sum(
        end - start for (phase, start), (_, end) in pairwise(entered) if phase == "shifting"
    )
    return (
        rollout.started_at,
        rollout.project,
        rollout.environment,
        str(document.get("kind", "")),
        str(document.get("from_version", "")),
        str(document.get("version", "")),
        rollout.phase,
        rollout.updated_at - rollout.started_at,
        shifting_seconds,
        cause(str(document.get("reason", ""))),
    )


def _backups(context: ReportContext) -> Section:
    snapshots, flows = context.now.snapshots, context.now.flows
    restored = _ended(flows, "restore", "succeeded")
    failed = _ended(flows, "backup", "failed")
    if not snapshots and not failed:
        return Section("Backups")
    sentence = (
        f"Snapshots taken, each with its repository checked: {len(snapshots)}; backups that failed: "
        f"{failed}; restores in which every file came back as it was: {restored}."
    )
    columns = (
        Column("project"),
        Column("environment"),
        Column("snapshots", "count"),
        Column("newest", "moment"),
        Column("files", "count"),
        Column("size", "MiB"),
        Column("added in all", "MiB"),
        Column("took (median)", "s"),
    )
    places = sorted({(snapshot.project, snapshot.environment) for snapshot in snapshots})
    rows = tuple(_place(context, *place) for place in places)
    tables = (Table("backups", "Backups", columns, rows),) if rows else ()
    return Section("Backups", (sentence,), tables=tables)


def _place(context: ReportContext, project: str, environment: str) -> tuple[Cell, ...]:
    mine = [
        snapshot
        for snapshot in context.now.snapshots
        if (snapshot.project, snapshot.environment) == (project, environment)
    ]
    newest = max(mine, key=lambda snapshot: snapshot.consistent_at)
    return (
        project,
        environment,
        len(mine),
        newest.consistent_at,
        newest.files,
        newest.total_bytes / _MIB_BYTES,
        sum(snapshot.added_bytes for snapshot in mine) / _MIB_BYTES,
        float(pd.Series([snapshot.seconds for snapshot in mine]).median()),
    )


def _ended(flows: pd.DataFrame, flow: str, state: str) -> int:
    return int(((flows["flow"] == flow) & (flows["state"] == state)).sum())
