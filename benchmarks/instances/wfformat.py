"""Traces of real workflows in WfFormat 1.5; data transfer is left out, a step holds one slot."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from benchmarks.instances.fleets import Workflow, case_of
from benchmarks.instances.interface import Case, Options
from tasks.split.declared import split_steps
from tasks.split.wfformat import read_wfformat


def holds(folder: Path) -> bool:
    """Tell whether there are WfFormat documents below ``folder``."""
    return any('"schemaVersion"' in _beginning(path) for path in folder.rglob("*.json"))


def cases(folder: Path, options: Options) -> Iterator[Case]:
    """Read the traces, each for every fleet; measured against the lower bound."""
    for fleet in options.providers or ("4", "8", "16", "het8"):
        for path in sorted(folder.rglob("*.json")):
            yield case_of(read(path), fleet, options)


def read(path: Path) -> Workflow:
    """Read one trace."""
    workload = read_wfformat(path.read_bytes(), path.name)
    graph = split_steps("benchmark", "trace", workload, path.parent, {})
    number = {step.id: index for index, step in enumerate(graph.steps)}
    needs = [[number[need] for need in step.needs] for step in graph.steps]
    return Workflow(path.stem, needs, [step.expected_seconds or 0.0 for step in graph.steps])


def _beginning(path: Path) -> str:
    with path.open(encoding="utf-8") as document:
        return document.read(4096)
