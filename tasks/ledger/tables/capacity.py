"""Tables of providers, allocations, waiting claims, reservations and conflicts."""

from __future__ import annotations

from sqlalchemy import (
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    Table,
    Text,
    UniqueConstraint,
)

from blocks.providers.interface import Resources
from tasks.ledger.columns import Document, Identity
from tasks.ledger.tables.base import metadata

providers = Table(
    "providers",
    metadata,
    Column("name", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("capacity", Document(Resources), nullable=False),
    Column("speed", Double, nullable=False),
    Column("price_per_hour", Double, nullable=False),
    # Moves with everything that may change what admission answers; grants compare and swap it.
    Column("epoch", Identity, nullable=False),
    Column("registered_at", Double, nullable=False),
    # Since when it has no block any more; what ran on it stays known.
    Column("removed_at", Double),
    CheckConstraint("speed > 0", name="speed"),
)

allocations = Table(
    "resource_allocations",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("provider", Text, ForeignKey("providers.name"), nullable=False),
    Column("owner", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("demand", Document(Resources), nullable=False),
    Column("since", Double, nullable=False),
    Column("expected_seconds", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
    UniqueConstraint("provider", "owner"),
    Index(None, "workload"),
    # An id must never come back: a late release would free another's capacity.
    sqlite_autoincrement=True,
)

waiting = Table(
    "resource_claims",
    metadata,
    Column("provider", Text, ForeignKey("providers.name"), primary_key=True),
    Column("owner", Text, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("demand", Document(Resources), nullable=False),
    Column("since", Double, nullable=False),
    Column("expected_seconds", Double, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "workload"),
)

reservations = Table(
    "resource_reservations",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("demand", Document(Resources), nullable=False),
    Column("start", Double, nullable=False),
    Column("end", Double, nullable=False),
    Index(None, "provider", "end"),
    Index(None, "workload"),
)

conflicts = Table(
    "resource_conflicts",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("resource", Text, nullable=False),
    Column("missing", Double, nullable=False),
    Column("resolution", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("reason", Text, nullable=False),
    Index(None, "workload"),
)
