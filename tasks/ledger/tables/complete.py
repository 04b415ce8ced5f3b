"""The metadata with every table, for comparing or migrating all of them."""

from __future__ import annotations

from tasks.ledger.tables import capacity, deployment, learning, work
from tasks.ledger.tables.base import metadata as complete_metadata

MODULES = (capacity, deployment, learning, work)
"""Modules that add their tables when they are imported."""

__all__ = ["MODULES", "complete_metadata"]
