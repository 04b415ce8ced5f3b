"""Tables of workloads, their executions, timings, estimates and plans."""

from __future__ import annotations

from sqlalchemy import JSON, Boolean, Column, Double, ForeignKey, Index, Integer, Table, Text, text

from blocks.providers.interface import Outcome, Resources
from tasks.ledger.columns import Document, Identity, PathText
from tasks.ledger.tables.base import metadata
from tasks.plan import Plan

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

plans = Table(
    "plans",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("workload", Text, nullable=False),
    Column("plan", Document(Plan), nullable=False),
    Column("recorded_at", Double, nullable=False),
    Index(None, "workload"),
)

# Outcomes that later runs of the same inputs take over.
step_cache = Table(
    "step_cache",
    metadata,
    Column("key", Text, primary_key=True),
    Column("context", Text, nullable=False),
    Column("project", Text, nullable=False),
    Column("history_key", Text, nullable=False),
    Column("workload", Text, nullable=False),
    Column("outcome", Document(Outcome), nullable=False),
    Column("inputs", JSON, nullable=False),
    Column("at", Double, nullable=False),
    Index(None, "context"),
    Index(None, "history_key", "at"),
    Index(None, "project"),
    Index(None, "at"),
)
