"""Alembic's environment: migrates the connection it is handed, inside its transaction."""

from __future__ import annotations

from alembic import context

from tasks.ledger.tables.complete import complete_metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=complete_metadata,
    # Ours begins its transactions by itself, so DDL is undone with them on SQLite too.
    transactional_ddl=True,
    # SQLite cannot alter most things in place.
    render_as_batch=True,
)
context.run_migrations()
