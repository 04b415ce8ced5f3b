"""Multi-mode RCPSP instances in the .mm format: MMLIB50 and MMLIB100.

References are the best known makespans in ``mmlib_bks.csv`` beside the instances, else the bound.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.instances.interface import Case, Options
from benchmarks.instances.psplib import methods
from tasks.planning.multimode.bound import min_makespan
from tasks.planning.multimode.problem import ModeProblem
from tasks.planning.multimode.search import warm_up

_TABLE = "mmlib_bks.csv"


def holds(folder: Path) -> bool:
    """Tell whether ``folder`` has instances of this family."""
    return (folder / _TABLE).exists()


def cases(folder: Path, options: Options) -> Iterator[Case]:
    """Read the instances of ``folder``, one after the other."""
    warm_up()
    with (folder / _TABLE).open(encoding="utf-8", newline="") as lines:
        known = {Path(row["original_name"]).stem: row for row in csv.DictReader(lines)}
    for path in sorted([*folder.glob("J*_*.txt"), *folder.glob("J*_*.mm")]):
        problem, row = read(path), known.get(path.stem)
        reference = int(row["best_known_ub"]) if row else min_makespan(problem)
        group = row["set"] if row else "unknown"
        yield Case(path.stem, group, reference, methods(problem, options))


def read(path: Path) -> ModeProblem:
    """Return the problem in ``path``; its jobs include the two dummies."""
    lines = path.read_text(encoding="utf-8").splitlines()
    renewable = _after_colon(lines, "- renewable")
    rows = list(_numbers(_section(lines, "PRECEDENCE")))
    jobs = len(rows)
    needs: list[list[int]] = [[] for _ in range(jobs)]
    for job, row in enumerate(rows):
        for successor in row[3:]:
            needs[successor - 1].append(job)
    # A further mode of the same job has a line without the job's number.
    counts = [row[1] for row in rows]
    first = set(np.cumsum([0, *counts]).tolist())
    lists = list(_numbers(_section(lines, "REQUESTS")))
    modes = np.array(
        [row[2:] if number in first else row[1:] for number, row in enumerate(lists)],
        dtype=np.int64,
    )
    available = next(_numbers(_section(lines, " RESOURCE AVAIL")))
    return ModeProblem(
        needs_at=np.cumsum([0, *map(len, needs)], dtype=np.int64),
        needs=np.array([need for row in needs for need in row], dtype=np.int64),
        modes_at=np.cumsum([0, *counts], dtype=np.int64),
        duration=modes[:, 0].copy(),
        demand=modes[:, 1 : 1 + renewable].copy(),
        consumption=modes[:, 1 + renewable :].copy(),
        capacity=np.array(available[:renewable], dtype=np.int64),
        budget=np.array(available[renewable:], dtype=np.int64),
    )


def _after_colon(lines: list[str], title: str) -> int:
    line = next(line for line in lines if line.strip().startswith(title.strip()))
    return int(line.split(":")[1].split()[0])


def _section(lines: list[str], title: str) -> list[str]:
    begin = next(n for n, line in enumerate(lines) if line.strip().startswith(title.strip()))
    rest = lines[begin + 1 :]
    end = next((n for n, line in enumerate(rest) if line.startswith("***")), len(rest))
    return rest[:end]


def _numbers(lines: list[str]) -> Iterator[list[int]]:
    for line in lines:
        words = line.split()
        if words and all(word.isdigit() for word in words):
            yield [int(word) for word in words]
