"""The record of a split, so that a resumed workload has the same steps again.

Finished steps have left new timings since, and another split would cut other shards. Environment
variables may be secret and are not recorded: they are supplied again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from pydantic import TypeAdapter

from blocks import durable_file
from tasks.workload import Step, StepGraph

_FORMAT = TypeAdapter(StepGraph)


def keep_graph(path: Path, graph: StepGraph, environment: Mapping[str, str]) -> None:
    """Write ``graph`` to ``path``, readable by its owner only, without ``environment``."""

    def own(step: Step) -> dict[str, str]:
        return {k: v for k, v in step.environment.items() if environment.get(k) != v}

    path.parent.mkdir(parents=True, exist_ok=True)
    durable_file.write(str(path), _FORMAT.dump_json(_with_environment(graph, own)))


def kept_graph(path: Path, environment: Mapping[str, str]) -> StepGraph | None:
    """Return the graph kept at ``path`` with ``environment`` supplied again; None without one."""
    if not path.exists():
        return None
    graph = _FORMAT.validate_json(path.read_bytes())
    return _with_environment(graph, lambda step: {**environment, **step.environment})


def _with_environment(graph: StepGraph, change: Callable[[Step], dict[str, str]]) -> StepGraph:
    return replace(
        graph, steps=tuple(replace(step, environment=change(step)) for step in graph.steps)
    )
