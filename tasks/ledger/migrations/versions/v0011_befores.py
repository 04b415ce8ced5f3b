"""Befores: creates the table of commands that ran before a release served in an environment."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision: str | None = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Befores: the commands that ran before a release served in an environment."""
    op.create_table(
        "befores",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("command", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project", "environment", "release", "command", name=op.f("pk_befores")
        ),
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("befores")
