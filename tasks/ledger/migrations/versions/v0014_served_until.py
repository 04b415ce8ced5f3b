"""Served until: adds the time until which a stopped instance served, for a launch to revive it."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision: str | None = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Until when an instance served that was stopped: what a launch brings back."""
    op.add_column("instances", sa.Column("served_until", sa.Double(), nullable=True))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("instances", "served_until")
