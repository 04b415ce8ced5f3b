"""The needs of each step of a workload run, read from the task graph that the run has kept."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path

from tasks.ledger.activity import Activity


def kept_needs(folder: Path, recorded: Activity) -> dict[str, dict[str, tuple[str, ...]]]:
    """Return the needs of all executed steps, by run and step; runs without a graph are absent.

    ``folder`` has a folder for each workload run with its ``graph.json``. Only ids are read of it.
    """
    ran: dict[str, set[str]] = defaultdict(set)
    for execution in recorded.executions:
        ran[execution.workload].add(execution.step)
    needs_by_run = {}
    for run, steps in ran.items():
        try:
            graph = json.loads((folder / run / "graph.json").read_bytes())
            needs_by_run[run] = needs_of(graph["steps"], steps)
        except (OSError, ValueError, KeyError, TypeError):
            # The file was removed or is of another version: the needs of this run are unknown.
            continue
    return needs_by_run


def needs_of(
    declared: Iterable[Mapping[str, object]], ran: Iterable[str]
) -> dict[str, tuple[str, ...]]:
    """Return for each step in ``ran`` the steps in it that it waited for.

    The steps that a list expands to are named ``<step>[<item>]`` and needed by the name of the
    step; the steps of a matrix are needed one by one or by their group.
    """
    executed = [*ran]
    steps_by_name: dict[str, set[str]] = defaultdict(set)
    for step in executed:
        steps_by_name[step].add(step)
        steps_by_name[step.partition("[")[0]].add(step)
    direct = {str(step["id"]): [*map(str, _listed(step.get("needs")))] for step in declared}
    return {
        step: tuple(
            sorted(
                other
                for need in direct.get(step, direct.get(step.partition("[")[0], []))
                for other in steps_by_name[need] - {step}
            )
        )
        for step in executed
    }


def _listed(value: object) -> list[object]:
    return value if isinstance(value, list) else []
