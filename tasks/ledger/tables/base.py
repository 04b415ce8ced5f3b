"""The metadata of all tables, and the table that counts commits."""

from __future__ import annotations

from sqlalchemy import Column, Integer, MetaData, Table

from tasks.ledger.columns import Identity

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Counts commits on PostgreSQL; SQLite counts its own (PRAGMA data_version).
commits = Table(
    "commits",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("count", Identity, nullable=False),
)
