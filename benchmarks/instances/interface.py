"""The interface between the benchmark of planning and a family of instances.

A module of this package that has the two functions of ``Family`` is a family; ``planning`` finds
it by its file's name.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line asks for.

    Attributes:
        providers: ``2``, ``4``, ``8``, ``16`` or ``het8``; empty: what is usual for the family.
        time_limit: Seconds for one plan.
        noise: Sigma of the log-normal factor between expected and actual durations; 0: none.
        seed: Of everything random.
    """

    providers: tuple[str, ...] = ()
    time_limit: float = 5.0
    noise: float = 0.0
    seed: int = 1


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one method reached on one case.

    Attributes:
        makespan: Seconds.
        reference: What it is measured against where that is not the case's own, e.g. the bound of
            the durations actually drawn.
        figures: Further figures by name; planning reports their means.
    """

    makespan: float
    reference: float | None = None
    figures: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Case:
    """One instance under one setting.

    Attributes:
        name: Of the instance.
        group: Cases that are reported together, e.g. ``J30`` or ``8 providers``.
        reference: The optimum, the best known makespan, or else a lower bound; seconds.
        methods: What to run, by name; ``PLANNED`` is the planner, the others are baselines. Each
            is called once and timed.
    """

    name: str
    group: str
    reference: float
    methods: Mapping[str, Callable[[], Outcome]]


class Family(Protocol):
    """A module of this package."""

    def holds(self, folder: Path) -> bool:
        """Tell whether ``folder`` has instances of this family."""
        ...

    def cases(self, folder: Path, options: Options) -> Iterator[Case]:
        """Read the instances of ``folder``, one after the other."""
        ...
