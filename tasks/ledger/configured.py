"""Records the file from which each block was configured, so that blocks removed there are named."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import delete, select

from tasks.ledger.connection import Ledger
from tasks.ledger.tables.deployment import configured as table
from tasks.ledger.upsert import upsert


def record_configured(ledger: Ledger, blocks: Collection[str], file: str, now: float) -> None:
    """Record that ``file`` configures ``blocks`` (as `<type>/<name>`) since ``now``."""
    if not blocks:
        return
    with ledger.write() as connection:
        rows = [{"block": block, "file": file, "configured_at": now} for block in blocks]
        upsert(connection, table, rows)


def configured_from(ledger: Ledger, file: str) -> list[str]:
    """Return the blocks that ``file`` configured last, sorted; not those of the UI."""
    query = select(table.c.block).where(table.c.file == file).order_by(table.c.block)
    with ledger.read() as connection:
        return list(connection.execute(query).scalars())


def forget_configured(ledger: Ledger, blocks: Collection[str]) -> None:
    """Forget where ``blocks`` came from, as they no longer exist."""
    with ledger.write() as connection:
        connection.execute(delete(table).where(table.c.block.in_(blocks)))
