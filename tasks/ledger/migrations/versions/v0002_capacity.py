"""Capacity: creates the tables of providers, allocations, claims, reservations and conflicts."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels = None
depends_on = None

IDENTITY = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Capacity: providers, allocations, claims, reservations, conflicts."""
    op.create_table(
        "providers",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("capacity", sa.JSON(), nullable=False),
        sa.Column("speed", sa.Double(), nullable=False),
        sa.Column("price_per_hour", sa.Double(), nullable=False),
        sa.Column("epoch", IDENTITY, nullable=False),
        sa.Column("registered_at", sa.Double(), nullable=False),
        sa.CheckConstraint("speed > 0", name=op.f("ck_providers_speed")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_providers")),
    )
    op.create_table(
        "resource_conflicts",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("resource", sa.Text(), nullable=False),
        sa.Column("missing", sa.Double(), nullable=False),
        sa.Column("resolution", sa.Text(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_conflicts")),
    )
    op.create_index(
        op.f("ix_resource_conflicts_workload"), "resource_conflicts", ["workload"], unique=False
    )
    op.create_table(
        "resource_reservations",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("demand", sa.JSON(), nullable=False),
        sa.Column("start", sa.Double(), nullable=False),
        sa.Column("end", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_reservations")),
    )
    op.create_index(
        op.f("ix_resource_reservations_provider_end"),
        "resource_reservations",
        ["provider", "end"],
        unique=False,
    )
    op.create_index(
        op.f("ix_resource_reservations_workload"),
        "resource_reservations",
        ["workload"],
        unique=False,
    )
    op.create_table(
        "resource_allocations",
        sa.Column("id", IDENTITY, nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("demand", sa.JSON(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("expected_seconds", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider"], ["providers.name"], name=op.f("fk_resource_allocations_provider")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resource_allocations")),
        sa.UniqueConstraint(
            "provider", "owner", name=op.f("uq_resource_allocations_provider_owner")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index(
        op.f("ix_resource_allocations_workload"), "resource_allocations", ["workload"], unique=False
    )
    op.create_table(
        "resource_claims",
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("workload", sa.Text(), nullable=False),
        sa.Column("fence", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("demand", sa.JSON(), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.Column("expected_seconds", sa.Double(), nullable=False),
        sa.Column("lease_until", sa.Double(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["provider"], ["providers.name"], name=op.f("fk_resource_claims_provider")
        ),
        sa.PrimaryKeyConstraint("provider", "owner", name=op.f("pk_resource_claims")),
    )
    op.create_index(
        op.f("ix_resource_claims_workload"), "resource_claims", ["workload"], unique=False
    )


def downgrade() -> None:
    """Undo it."""
    op.drop_table("resource_claims")
    op.drop_table("resource_allocations")
    op.drop_table("resource_reservations")
    op.drop_table("resource_conflicts")
    op.drop_table("providers")
