"""Removed providers: adds the time since which a provider has had no block."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision: str | None = "0011"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Providers: since when one has no block any more."""
    op.add_column("providers", sa.Column("removed_at", sa.Double(), nullable=True))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("providers", "removed_at")
