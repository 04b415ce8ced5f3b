"""Snapshots, which are the recorded backups of projects."""

from __future__ import annotations

import os

from sqlalchemy import func, select

from blocks.repositories.interface import Snapshot
from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import snapshots as table
from tasks.ledger.upsert import upsert


def record_snapshot(ledger: Ledger, snapshot: Snapshot) -> None:
    """Record a completed snapshot; the same id of the same repository replaces it."""
    row = {column.name: getattr(snapshot, column.name) for column in table.columns}
    with ledger.write() as connection:
        upsert(connection, table, [row])


def holds_snapshots(ledger: Ledger, repository: str) -> bool:
    """Tell whether a snapshot was ever stored in ``repository``, however its path is written."""
    with ledger.read() as connection:
        known = connection.scalars(select(table.c.repository).distinct()).all()
    return _resolved(repository) in map(_resolved, known)


def _resolved(repository: str) -> str:
    """Return the place of a repository without links and detours, if it is a local folder."""
    return os.path.realpath(repository) if repository.startswith("/") else repository


def snapshots(ledger: Ledger, project: str, environment: str | None = None) -> list[Snapshot]:
    """Return the snapshots of ``project``, newest first."""
    query = select(table).where(table.c.project == project)
    if environment is not None:
        query = query.where(table.c.environment == environment)
    query = query.order_by(table.c.consistent_at.desc(), table.c.id)
    with ledger.read() as connection:
        return [Snapshot(**row) for row in connection.execute(query).mappings()]


def list_snapshots(
    ledger: Ledger, project: str, environment: str, limit: int, offset: int
) -> tuple[list[Snapshot], int]:
    """Return some snapshots, newest first, and how many there are; empty names stand for all."""
    wanted = []
    if project:
        wanted.append(table.c.project == project)
    if environment:
        wanted.append(table.c.environment == environment)
    query = select(table).where(*wanted).order_by(table.c.consistent_at.desc(), table.c.id)
    with ledger.read() as connection:
        total = connection.execute(select(func.count()).select_from(table).where(*wanted)).scalar()
        rows = connection.execute(query.limit(limit).offset(offset)).mappings()
        return [Snapshot(**row) for row in rows], total or 0
