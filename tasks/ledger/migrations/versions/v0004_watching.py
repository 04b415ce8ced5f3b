"""Watching: creates the tables of metric samples and of decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision: str | None = "0003"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Watching: metric samples and decisions."""
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
    op.create_table(
        "metric_samples",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("value", sa.Double(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_metric_samples")),
    )
    op.create_index(op.f("ix_metric_samples_at"), "metric_samples", ["at"], unique=False)
    op.create_index(
        op.f("ix_metric_samples_subject_at"), "metric_samples", ["subject", "at"], unique=False
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("metric_samples")
    op.drop_table("decisions")
