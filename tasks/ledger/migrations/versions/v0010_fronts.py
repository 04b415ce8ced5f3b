"""Front ports: adds the time since which a stopped service no longer needs its own."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels = None
depends_on = None

_IDLE = """
UPDATE ports SET released_at = leased_at
WHERE owner LIKE 'front/%' AND NOT EXISTS (
    SELECT 1 FROM instances
    WHERE ports.owner = 'front/' || project || '/' || environment || '/' || service
    AND state NOT IN ('stopped', 'failed')
)
"""


def upgrade() -> None:
    """Front ports: since when a stopped service needs its own no more."""
    op.add_column("ports", sa.Column("released_at", sa.Double(), nullable=True))
    op.execute(_IDLE)


def downgrade() -> None:
    """Undo it."""
    op.drop_column("ports", "released_at")
