"""Decisions: adds the estimate behind each decision, its unit, its workload and its step."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision: str | None = "0007"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Decisions: the estimate behind each with its percentiles and unit, by workload and step."""
    # Nothing was ever recorded in the former table.
    op.drop_table("decisions")
    op.create_table(
        "decisions",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("unit", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("estimate", sa.Double(), nullable=True),
        sa.Column("p80", sa.Double(), nullable=True),
        sa.Column("p90", sa.Double(), nullable=True),
        sa.Column("actual", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(
        op.f("ix_decisions_workload_step_kind"),
        "decisions",
        ["workload", "step", "kind"],
        unique=False,
    )
    op.create_index(op.f("ix_decisions_at"), "decisions", ["at"], unique=False)


def downgrade() -> None:
    """Undo it."""
    op.drop_table("decisions")
    op.create_table(
        "decisions",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("chosen", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("estimate_seconds", sa.Double(), nullable=True),
        sa.Column("actual_seconds", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decisions")),
    )
    op.create_index(
        op.f("ix_decisions_subject_kind"), "decisions", ["subject", "kind"], unique=False
    )
