"""Built releases, which can be launched again without building."""

from __future__ import annotations

from dataclasses import asdict

from sqlalchemy import delete, func, or_, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import releases as table
from tasks.ledger.upsert import upsert
from tasks.release import Release

# A shorter prefix of a digest is more likely a version.
MIN_DIGEST_LENGTH = 8


def record_release(ledger: Ledger, release: Release) -> None:
    """Record ``release``; building the same digest again replaces it."""
    with ledger.write() as connection:
        upsert(connection, table, [asdict(release)])


def find_release(ledger: Ledger, project: str, version_or_digest: str) -> Release | None:
    """Return the newest release of that version, or of a digest with that prefix; else None."""
    named = table.c.version == version_or_digest
    if len(version_or_digest) >= MIN_DIGEST_LENGTH:
        named = or_(named, table.c.digest.startswith(version_or_digest, autoescape=True))
    query = (
        select(table)
        .where(table.c.project == project, named)
        .order_by(table.c.built_at.desc())
        .limit(1)
    )
    with ledger.read() as connection:
        row = connection.execute(query).mappings().one_or_none()
    return None if row is None else Release(**row)


def releases(ledger: Ledger, project: str) -> list[Release]:
    """Return all releases of ``project``, newest first."""
    query = select(table).where(table.c.project == project).order_by(table.c.built_at.desc())
    with ledger.read() as connection:
        return [Release(**row) for row in connection.execute(query).mappings()]


def list_releases(
    ledger: Ledger, project: str, limit: int, offset: int
) -> tuple[list[Release], int]:
    """Return some releases, newest first, and how many there are; an empty project: of all."""
    wanted = [table.c.project == project] if project else []
    query = select(table).where(*wanted).order_by(table.c.built_at.desc(), table.c.digest)
    with ledger.read() as connection:
        total = connection.execute(select(func.count()).select_from(table).where(*wanted)).scalar()
        rows = connection.execute(query.limit(limit).offset(offset)).mappings()
        return [Release(**row) for row in rows], total or 0


def forget_release(ledger: Ledger, project: str, digest: str) -> None:
    """Forget a release that was removed from disk.

    Its `before` commands stay recorded: the same release, built again, migrates nothing twice.
    """
    with ledger.write() as connection:
        connection.execute(
            delete(table).where(table.c.project == project, table.c.digest == digest)
        )
