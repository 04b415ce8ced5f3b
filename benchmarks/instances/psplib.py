"""RCPSP instances in the Patterson format: J30, J60 and J120 of PSPLIB.

References are the best known makespans in ``bks.csv`` beside the instances, else the bound.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import numpy as np

from benchmarks.instances.interface import PLANNED, Case, Options, Outcome
from benchmarks.instances.priority_rules import fifo, longest_tail
from tasks.planning.multimode.bound import min_makespan
from tasks.planning.multimode.problem import ModeProblem
from tasks.planning.multimode.search import warm_up
from tasks.planning.multimode.solve import solve_modes

_PATTERN = "J*_*.txt"


def holds(folder: Path) -> bool:
    """Tell whether ``folder`` has instances of this family."""
    return (folder / "bks.csv").exists() and any(folder.glob(_PATTERN))


def cases(folder: Path, options: Options) -> Iterator[Case]:
    """Read the instances of ``folder``, one after the other."""
    warm_up()
    known = best_known(folder / "bks.csv")
    for path in sorted(folder.glob(_PATTERN)):
        problem = read(path)
        group, number = path.stem.split("_")
        reference = known.get((group, number)) or min_makespan(problem)
        yield Case(path.stem, group, reference, methods(problem, options))


def methods(problem: ModeProblem, options: Options) -> dict[str, Callable[[], Outcome]]:
    """Return what to run on one instance: the planner and the simple rules it has to beat."""

    def planned() -> Outcome:
        schedule = solve_modes(problem, options.time_limit, options.seed)
        return Outcome(schedule.makespan)

    return {
        PLANNED: planned,
        "greedy FIFO": lambda: Outcome(fifo(problem).makespan),
        "longest tail": lambda: Outcome(longest_tail(problem).makespan),
    }


def best_known(table: Path) -> dict[tuple[str, str], int]:
    """Return the best known makespan by set and number; empty if there is no table."""
    if not table.exists():
        return {}
    with table.open(encoding="utf-8", newline="") as lines:
        return {(row["set"], row["id"]): int(row["best_known_ub"]) for row in csv.DictReader(lines)}


def read(path: Path) -> ModeProblem:
    """Return the problem in ``path``; its jobs include the two dummies."""
    numbers = (int(word) for word in path.read_text(encoding="utf-8").split())
    jobs, resources = next(numbers), next(numbers)
    capacity = np.array(list(islice(numbers, resources)), dtype=np.int64)
    duration, demand = [], []
    needs: list[list[int]] = [[] for _ in range(jobs)]
    for job in range(jobs):
        duration.append(next(numbers))
        demand.append(list(islice(numbers, resources)))
        for successor in islice(numbers, next(numbers)):
            needs[successor - 1].append(job)
    return ModeProblem(
        needs_at=np.cumsum([0, *map(len, needs)], dtype=np.int64),
        needs=np.array([need for row in needs for need in row], dtype=np.int64),
        modes_at=np.arange(jobs + 1, dtype=np.int64),
        duration=np.array(duration, dtype=np.int64),
        demand=np.array(demand, dtype=np.int64).reshape(jobs, resources),
        consumption=np.zeros((jobs, 0), dtype=np.int64),
        capacity=capacity,
        budget=np.zeros(0, dtype=np.int64),
    )
