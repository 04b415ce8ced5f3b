"""Work: creates the tables of workloads, executions, timings, estimates and plans."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision: str | None = None
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Work: workloads, executions, timings, estimates, plans."""
    op.create_table(
        "commits",
        sa.Column("id", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("count", IDENTITY, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_commits")),
    )
    op.create_table(
        "estimates",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("provider_kind", sa.Text(), nullable=False),
        sa.Column("p50_seconds", sa.Double(), nullable=False),
        sa.Column("p90_seconds", sa.Double(), nullable=False),
        sa.Column("memory_mib", sa.Double(), nullable=False),
        sa.Column("success", sa.Double(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("published_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("key", "provider_kind", name=op.f("pk_estimates")),
    )
    op.create_table(
        "plans",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("plan", sa.JSON(), nullable=False),
        sa.Column("recorded_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_plans")),
    )
    op.create_index(op.f("ix_plans_workload"), "plans", ["workload"], unique=False)
    op.create_table(
        "timings",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("provider_kind", sa.Text(), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("succeeded", sa.Boolean(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("memory_mib", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_timings")),
    )
    op.create_index(op.f("ix_timings_at"), "timings", ["at"], unique=False)
    op.create_index(
        op.f("ix_timings_key_provider_kind_succeeded_at"),
        "timings",
        ["key", "provider_kind", "succeeded", "at"],
        unique=False,
    )
    op.create_table(
        "workloads",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_workloads")),
    )
    op.create_index(
        op.f("ix_workloads_key_opened_at"), "workloads", ["key", "opened_at"], unique=False
    )
    op.create_index(
        "uq_workloads_open_key",
        "workloads",
        ["key"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_table(
        "executions",
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("provider_kind", sa.Text(), nullable=False),
        sa.Column("history_key", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("demand", sa.JSON(), nullable=False),
        sa.Column("outcome", sa.JSON(), nullable=True),
        sa.Column("cost", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["workload"], ["workloads.id"], name=op.f("fk_executions_workload")
        ),
        sa.PrimaryKeyConstraint("workload", "step", "attempt", name=op.f("pk_executions")),
    )
    op.create_index(op.f("ix_executions_started_at"), "executions", ["started_at"], unique=False)

    op.execute("INSERT INTO commits (id, count) VALUES (1, 0)")


def downgrade() -> None:
    """Undo it."""
    op.drop_table("executions")
    op.drop_table("workloads")
    op.drop_table("timings")
    op.drop_table("plans")
    op.drop_table("estimates")
    op.drop_table("commits")
