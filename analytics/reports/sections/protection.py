"""What was deployed and what was backed up, with what proves it."""

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


def deployment_count(of: ReportTables) -> float:
    """Return how many deployments and rollbacks brought another release to serve."""
    return float(sum(one.phase == "done" for one in of.rollouts))


def snapshot_count(of: ReportTables) -> float:
    """Return how many snapshots were taken; one is recorded when its repository was checked."""
    return float(len(of.snapshots))


def protection_figures(made_from: ReportContext) -> tuple[Figure, ...]:
    """Return deployments and backups, in numbers."""
    return (
        made_from.figure(
            "deployments", deployment_count, note="done; reverted ones are not counted"
        ),
        made_from.figure(
            "backups", snapshot_count, "count", "more", note="each with its repository checked"
        ),
    )


def protection_sections(made_from: ReportContext) -> tuple[Section, ...]:
    """Return the deployments and the backups of the period."""
    return (_deployments(made_from), _backups(made_from))


def _deployments(made_from: ReportContext) -> Section:
    found = made_from.now.rollouts
    if not found:
        return Section("Deployments")
    done, reverted = (sum(one.phase == phase for one in found) for phase in ("done", "reverted"))
    said = (
        f"{done} done, {reverted} reverted"
        + (f", {len(found) - done - reverted} under way" if len(found) > done + reverted else "")
        + ". A release gets traffic only when it is healthy, and what was reverted never did. "
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
    rows = tuple(_rollout(one) for one in reversed(found))
    table = Table("deployments", "Deployments", columns, rows, shown=5)
    return Section("Deployments", (said,), tables=(table,))


def _rollout(one: RolloutRow) -> tuple[Cell, ...]:
    kept: dict[str, Any] = one.document
    entered = [(str(phase), float(at)) for phase, at in kept.get("timeline") or ()]
    moved = sum(
        end - start for (phase, start), (_, end) in pairwise(entered) if phase == "shifting"
    )
    return (
        one.started_at,
        one.project,
        one.environment,
        str(kept.get("kind", "")),
        str(kept.get("from_version", "")),
        str(kept.get("version", "")),
        one.phase,
        one.updated_at - one.started_at,
        moved,
        cause(str(kept.get("reason", ""))),
    )


def _backups(made_from: ReportContext) -> Section:
    found, flows = made_from.now.snapshots, made_from.now.flows
    restored = _ended(flows, "restore", "succeeded")
    failed = _ended(flows, "backup", "failed")
    if not found and not failed:
        return Section("Backups")
    said = (
        f"Snapshots taken, each with its repository checked: {len(found)}; backups that failed: "
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
    places = sorted({(one.project, one.environment) for one in found})
    rows = tuple(_place(made_from, *place) for place in places)
    tables = (Table("backups", "Backups", columns, rows),) if rows else ()
    return Section("Backups", (said,), tables=tables)


def _place(made_from: ReportContext, project: str, environment: str) -> tuple[Cell, ...]:
    mine = [
        one
        for one in made_from.now.snapshots
        if (one.project, one.environment) == (project, environment)
    ]
    newest = max(mine, key=lambda one: one.consistent_at)
    return (
        project,
        environment,
        len(mine),
        newest.consistent_at,
        newest.files,
        newest.total_bytes / _MIB_BYTES,
        sum(one.added_bytes for one in mine) / _MIB_BYTES,
        float(pd.Series([one.seconds for one in mine]).median()),
    )


def _ended(flows: pd.DataFrame, flow: str, state: str) -> int:
    return int(((flows["flow"] == flow) & (flows["state"] == state)).sum())
