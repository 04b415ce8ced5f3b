"""A digest of the items (e.g. tests) of each step, to compare a stored plan with a graph; pure."""

from __future__ import annotations

import hashlib

from tasks.workload import StepGraph


def contents_of(graph: StepGraph) -> str:
    """Return a digest of the items of each step; empty if no step has items."""
    digest = hashlib.sha256()
    any_items = False
    for step in graph.steps:
        if step.items:
            any_items = True
            digest.update("\0".join((step.id, *step.items, "\n")).encode())
    return digest.hexdigest()[:16] if any_items else ""
