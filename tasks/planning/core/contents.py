"""What the steps of a workload consist of, so that a stored plan can tell whether it changed. Pure."""

from __future__ import annotations

import hashlib

from tasks.workload import StepGraph


def contents_of(graph: StepGraph) -> str:
    """Return a digest of which items (e.g. tests) each step holds; empty where none holds any."""
    digest, any_items = hashlib.sha256(), False
    for step in graph.steps:
        if step.items:
            any_items = True
            digest.update("\0".join((step.id, *step.items, "\n")).encode())
    return digest.hexdigest()[:16] if any_items else ""
