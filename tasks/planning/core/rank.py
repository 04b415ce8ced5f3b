"""Upward rank and critical path of a graph (Topcuoglu et al., HEFT, 2002); pure, O(V + E)."""

from __future__ import annotations

from collections.abc import Mapping

from tasks.workload import StepGraph


def upward_ranks(graph: StepGraph, seconds: Mapping[str, float]) -> dict[str, float]:
    """Return for each step the longest path, in seconds, from its start to the end of the graph."""
    ranks = dict.fromkeys((step.id for step in graph.steps), 0.0)
    for step in reversed(graph.steps):
        # So far `ranks` holds the longest path that follows the step.
        ranks[step.id] += seconds[step.id]
        for need in step.needs:
            ranks[need] = max(ranks[need], ranks[step.id])
    return ranks


def by_rank(graph: StepGraph, seconds: Mapping[str, float]) -> tuple[str, ...]:
    """Return the step ids, most urgent first; no step comes before what it needs."""
    ranks = upward_ranks(graph, seconds)
    # Stable: of equal ranks, which zero durations bring about, the topological order decides.
    return tuple(sorted(ranks, key=lambda step_id: -ranks[step_id]))


def critical_path(graph: StepGraph, seconds: Mapping[str, float]) -> tuple[tuple[str, ...], float]:
    """Return the longest chain of needs, first step first, and its length in seconds."""
    ranks = upward_ranks(graph, seconds)
    followers: dict[str, list[str]] = {step.id: [] for step in graph.steps}
    for step in graph.steps:
        for need in step.needs:
            followers[need].append(step.id)
    path: list[str] = []
    choices = list(ranks)
    while choices:
        path.append(max(choices, key=ranks.__getitem__))
        choices = followers[path[-1]]
    return tuple(path), max(ranks.values(), default=0.0)
