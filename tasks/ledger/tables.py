"""Every table of the ledger, as the code reads and writes it; the migrations build the same.

All times are epoch seconds.
"""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)

from blocks.providers.interface import Outcome, Resources
from tasks.ledger.columns import Document, Identity, PathText, StateText
from tasks.plan import Plan
from tasks.release import InstanceState

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# Counts commits on PostgreSQL; SQLite counts its own (PRAGMA data_version).
commits = Table(
    "commits",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("count", Identity, nullable=False),
)

releases = Table(
    "releases",
    metadata,
    Column("project", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("version", Text, nullable=False),
    Column("path", PathText, nullable=False),
    Column("kind", Text, nullable=False),
    Column("built_at", Double, nullable=False),
)

befores = Table(
    "befores",
    metadata,
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("release", Text, primary_key=True),
    Column("command", Text, primary_key=True),
    Column("directory", PathText, nullable=False),
    Column("state", Text, nullable=False),
    Column("at", Double, nullable=False),
)

instances = Table(
    "instances",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("service", Text, nullable=False),
    Column("replica", Integer, nullable=False),
    Column("release", Text, nullable=False),
    Column("version", Text, nullable=False),
    Column("directory", PathText, nullable=False),
    Column("host", Text, nullable=False),
    Column("port", Integer),
    Column("state", StateText(InstanceState), nullable=False),
    Column("started_at", Double, nullable=False),
    Column("health_path", Text, nullable=False),
    Column("owner", Text, nullable=False, server_default=""),
    Column("configuration", JSON, nullable=False, server_default="{}"),
    Index(None, "project", "environment", "state"),
)

ports = Table(
    "ports",
    metadata,
    Column("host", Text, primary_key=True),
    Column("port", Integer, primary_key=True, autoincrement=False),
    Column("owner", Text, nullable=False),
    Column("low", Integer, nullable=False),
    Column("high", Integer, nullable=False),
    Column("leased_at", Double, nullable=False),
    Column("released_at", Double, nullable=True),
    UniqueConstraint("owner", "host", "low", "high"),
)

workloads = Table(
    "workloads",
    metadata,
    Column("id", Text, primary_key=True),
    Column("key", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("opened_at", Double, nullable=False),
    Column("closed_at", Double),
    Index(None, "key", "opened_at"),
    Index(
        "uq_workloads_open_key",
        "key",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

executions = Table(
    "executions",
    metadata,
    Column("workload", Text, ForeignKey("workloads.id"), primary_key=True),
    Column("step", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("fence", Integer, nullable=False),
    Column("provider", Text, nullable=False),
    Column("provider_kind", Text, nullable=False),
    Column("history_key", Text, nullable=False),
    Column("directory", PathText, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("demand", Document(Resources), nullable=False),
    Column("outcome", Document(Outcome)),
    Column("cost", Double, nullable=False),
    Index(None, "started_at"),
)

timings = Table(
    "timings",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("key", Text, nullable=False),
    Column("provider_kind", Text, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("succeeded", Boolean, nullable=False),
    Column("at", Double, nullable=False),
    Column("memory_mib", Double, nullable=False),
    Index(None, "key", "provider_kind", "succeeded", "at"),
    Index(None, "at"),
)

estimates = Table(
    "estimates",
    metadata,
    Column("key", Text, primary_key=True),
    Column("provider_kind", Text, primary_key=True),
    Column("p50_seconds", Double, nullable=False),
    Column("p90_seconds", Double, nullable=False),
    Column("memory_mib", Double, nullable=False),
    Column("success", Double, nullable=False),
    Column("n", Integer, nullable=False),
    Column("published_at", Double, nullable=False),
    Column("p80_seconds", Double),
    Column("p95_seconds", Double),
    Column("rule", Text),
    Column("why", Text),
)

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

plans = Table(
    "plans",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("plan", Document(Plan), nullable=False),
    Column("recorded_at", Double, nullable=False),
    Index(None, "workload"),
)

rollouts = Table(
    "rollouts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("phase", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("fence", Integer, nullable=False),
    Column("lease_until", Double, nullable=False),
    Column("document", JSON, nullable=False),
    Column("started_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index(None, "project", "environment", "started_at"),
    Index(
        "uq_rollouts_open_environment",
        "project",
        "environment",
        unique=True,
        sqlite_where=text("phase NOT IN ('done', 'reverted')"),
        postgresql_where=text("phase NOT IN ('done', 'reverted')"),
    ),
)

snapshots = Table(
    "snapshots",
    metadata,
    Column("repository", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("project", Text, nullable=False),
    Column("environment", Text, nullable=False),
    Column("sources", Document(tuple[Path, ...]), nullable=False),
    Column("consistent_at", Double, nullable=False),
    Column("files", Identity, nullable=False),
    Column("total_bytes", Identity, nullable=False),
    Column("added_bytes", Identity, nullable=False),
    Column("seconds", Double, nullable=False),
    Index(None, "project", "environment", "consistent_at"),
)

samples = Table(
    "metric_samples",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("subject", Text, nullable=False),
    Column("metric", Text, nullable=False),
    Column("value", Double, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "subject", "at"),
    Index(None, "at"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("chosen", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("unit", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("estimate", Double),
    Column("p80", Double),
    Column("p90", Double),
    Column("actual", Double),
    Index(None, "workload", "step", "kind"),
    Index(None, "at"),
)

insights = Table(
    "insights",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("run", Text, nullable=False),
    Column("size", Text, nullable=False),
    Column("since", Double, nullable=False),
    Column("raised_at", Double, nullable=False),
    Column("seen_at", Double, nullable=False),
    Column("closed_at", Double),
    Index(None, "raised_at"),
    Index(
        "uq_insights_open",
        "kind",
        "key",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
)

# Every version of every model that was trained, whether it was published or not.
models = Table(
    "models",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    Column("trained_at", Double, nullable=False),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
    Column("runs", Integer, nullable=False),
    Column("code", Text, nullable=False),
    Column("scores", JSON, nullable=False),
    Column("champion", Text, nullable=False),
    Column("why", Text, nullable=False),
)

forecasts = Table(
    "forecasts",
    metadata,
    Column("measure", Text, primary_key=True),
    Column("hour", Double, primary_key=True),
    Column("median", Double, nullable=False),
    Column("mean", Double, nullable=False),
    Column("low", Double, nullable=False),
    Column("high", Double, nullable=False),
    Column("published_at", Double, nullable=False),
)

# Which file configured a block last, as `<type>/<name>`; what was made in the UI is not here.
configured = Table(
    "configured",
    metadata,
    Column("block", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("configured_at", Double, nullable=False),
)
