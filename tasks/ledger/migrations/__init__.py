"""Alembic's migrations of the ledger; run by `tasks.ledger.schema`."""
