"""Percentiles: adds the 80th and the 95th percentile of an estimate."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision: str | None = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Percentiles: the 80th and the 95th of an estimate."""
    op.add_column("estimates", sa.Column("p80_seconds", sa.Double(), nullable=True))
    op.add_column("estimates", sa.Column("p95_seconds", sa.Double(), nullable=True))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("estimates", "p95_seconds")
    op.drop_column("estimates", "p80_seconds")
