"""Tables of releases, instances and their ports, rollouts, snapshots and configured blocks."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import JSON, Column, Double, Index, Integer, Table, Text, UniqueConstraint, text

from tasks.ledger.columns import Document, Identity, PathText, StateText
from tasks.ledger.tables.base import metadata
from tasks.release import InstanceState

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
    Column("served_until", Double),
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
    # Why its controller is to give it up; empty: it is not.
    Column("withdrawn", Text, nullable=False, server_default=""),
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

# The host that acts on this ledger: one, or none.
hosts = Table(
    "hosts",
    metadata,
    Column("machine", Text, primary_key=True),
    Column("home", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("claimed_at", Double, nullable=False),
)

# Of those who change what serves there: the last turn that was taken, and the last that was published.
turns = Table(
    "turns",
    metadata,
    Column("project", Text, primary_key=True),
    Column("environment", Text, primary_key=True),
    Column("issued", Integer, nullable=False),
    Column("published", Integer, nullable=False),
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

# Which file configured a block last, as `<type>/<name>`; what was made in the UI is not here.
configured = Table(
    "configured",
    metadata,
    Column("block", Text, primary_key=True),
    Column("file", Text, nullable=False),
    Column("configured_at", Double, nullable=False),
)
