"""Hosts: creates the table of the machine and home that acts on this ledger."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision: str | None = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Hosts: which machine and home acts on this ledger."""
    op.create_table(
        "hosts",
        sa.Column("machine", sa.Text(), nullable=False),
        sa.Column("home", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("claimed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("machine", "home", name=op.f("pk_hosts")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("hosts")
