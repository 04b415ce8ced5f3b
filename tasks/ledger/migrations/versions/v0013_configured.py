"""Configured: creates the table of the file from which each block came."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision: str | None = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Configured: from which file every block came."""
    op.create_table(
        "configured",
        sa.Column("block", sa.Text(), nullable=False),
        sa.Column("file", sa.Text(), nullable=False),
        sa.Column("configured_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("block", name=op.f("pk_configured")),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("configured")
