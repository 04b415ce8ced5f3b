"""Precedence: creates the table of turns; adds the reason for which a rollout is withdrawn."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision: str | None = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Turns, by which who began later has the last word, and why a rollout is to be given up."""
    op.create_table(
        "turns",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("issued", sa.Integer(), nullable=False),
        sa.Column("published", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("project", "environment", name=op.f("pk_turns")),
    )
    op.add_column("rollouts", sa.Column("withdrawn", sa.Text(), nullable=False, server_default=""))


def downgrade() -> None:
    """Undo it."""
    op.drop_column("rollouts", "withdrawn")
    op.drop_table("turns")
