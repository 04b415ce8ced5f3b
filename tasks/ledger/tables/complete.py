"""The metadata with every table in it, for whoever compares or migrates all of them."""

from __future__ import annotations

from tasks.ledger.tables import capacity, deployment, learning, work
from tasks.ledger.tables.base import metadata as complete_metadata

MODULES = (capacity, deployment, learning, work)
"""Each adds its tables when it is imported."""

__all__ = ["MODULES", "complete_metadata"]
