"""Intent: adds who is starting or ending an instance, and the configuration of its start."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision: str | None = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Intent: who is starting or ending an instance, and the configuration it was started with."""
    op.add_column("instances", sa.Column("owner", sa.Text(), nullable=False, server_default=""))
    op.add_column(
        "instances", sa.Column("configuration", sa.JSON(), nullable=False, server_default="{}")
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_column("instances", "configuration")
    op.drop_column("instances", "owner")
