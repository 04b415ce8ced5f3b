"""Serving: creates the tables of releases, instances, ports, rollouts and snapshots."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Serving: releases, instances, ports, rollouts, snapshots."""
    op.create_table(
        "instances",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("service", sa.Text(), nullable=False),
        sa.Column("replica", sa.Integer(), nullable=False),
        sa.Column("release", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("directory", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("health_path", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instances")),
    )
    op.create_index(
        op.f("ix_instances_project_environment_state"),
        "instances",
        ["project", "environment", "state"],
        unique=False,
    )
    op.create_table(
        "ports",
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("port", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("low", sa.Integer(), nullable=False),
        sa.Column("high", sa.Integer(), nullable=False),
        sa.Column("leased_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("host", "port", name=op.f("pk_ports")),
        sa.UniqueConstraint(
            "owner", "host", "low", "high", name=op.f("uq_ports_owner_host_low_high")
        ),
    )
    op.create_table(
        "releases",
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("built_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("project", "digest", name=op.f("pk_releases")),
    )
    op.create_table(
        "rollouts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rollouts")),
    )
    op.create_index(
        op.f("ix_rollouts_project_environment_started_at"),
        "rollouts",
        ["project", "environment", "started_at"],
        unique=False,
    )
    op.create_index(
        "uq_rollouts_open_environment",
        "rollouts",
        ["project", "environment"],
        unique=True,
        sqlite_where=sa.text("phase NOT IN ('done', 'reverted')"),
        postgresql_where=sa.text("phase NOT IN ('done', 'reverted')"),
    )
    op.create_table(
        "snapshots",
        sa.Column("repository", sa.Text(), nullable=False),
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("project", sa.Text(), nullable=False),
        sa.Column("environment", sa.Text(), nullable=False),
        sa.Column("sources", sa.JSON(), nullable=False),
        sa.Column("consistent_at", sa.Double(), nullable=False),
        sa.Column("files", IDENTITY, nullable=False),
        sa.Column("total_bytes", IDENTITY, nullable=False),
        sa.Column("added_bytes", IDENTITY, nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("repository", "id", name=op.f("pk_snapshots")),
    )
    op.create_index(
        op.f("ix_snapshots_project_environment_consistent_at"),
        "snapshots",
        ["project", "environment", "consistent_at"],
        unique=False,
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("snapshots")
    op.drop_table("rollouts")
    op.drop_table("releases")
    op.drop_table("ports")
    op.drop_table("instances")
