"""Tables of measurements, decisions, insights, models and forecasts."""

from __future__ import annotations

from sqlalchemy import JSON, Column, Double, Index, Integer, Table, Text, text

from tasks.ledger.columns import Identity
from tasks.ledger.tables.base import metadata

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
