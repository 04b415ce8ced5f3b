"""The Standard Task Graph set of the Kasahara laboratory, on equal processors.

A graph is a text: the number of tasks (two dummies are not counted), then a line a task: number,
duration, number of needs, needs; comments begin with ``#``. Beside them, ``Case*_OPT.csv`` holds
file, processors and the optimal makespan, or, where none is known, the best bounds of it.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from benchmarks.instances.fleets import Workflow, case_of
from benchmarks.instances.interface import Case, Options

# A plan of a small graph has to be quick: that is what the bar of this family says.
_MAX_SECONDS = 0.04


def holds(folder: Path) -> bool:
    """Tell whether there are STG files below ``folder``."""
    return any(folder.rglob("*.stg"))


def cases(folder: Path, options: Options) -> Iterator[Case]:
    """Read the graphs, each for every number of processors with a known optimum."""
    best = _optima(folder)
    limit = min(options.time_limit, _MAX_SECONDS)
    quick = Options(options.providers, limit, options.noise, options.seed)
    for fleet in options.providers or ("2", "4", "8", "16"):
        for path in sorted(folder.rglob("*.stg")):
            reference = best.get((f"{path.parent.name}/{path.name}", fleet))
            yield case_of(read(path), fleet, quick, reference)


def read(path: Path) -> Workflow:
    """Read one graph."""
    lines = path.read_text(encoding="utf-8").splitlines()
    numbers = [int(item) for line in lines if line[:1] != "#" for item in line.split()]
    needs: list[list[int]] = []
    seconds: list[float] = []
    position = 1
    for _ in range(numbers[0] + 2):
        count = numbers[position + 2]
        seconds.append(numbers[position + 1])
        needs.append(numbers[position + 3 : position + 3 + count])
        position += 3 + count
    return Workflow(f"{path.parent.name}/{path.stem}", needs, seconds)


def _optima(folder: Path) -> dict[tuple[str, str], float]:
    found: dict[tuple[str, str], float] = {}
    for path in sorted(folder.rglob("Case*_OPT.csv")):
        with path.open(newline="", encoding="utf-8") as lines:
            # The last column is the best known makespan where two bounds are given.
            found |= {(row[0], row[1]): float(row[-1]) for row in csv.reader(lines) if len(row) > 2}
    return found
