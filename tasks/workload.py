"""A split workload: its graph of steps, their reports, and the reason for the split."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Literal

from blocks.providers.interface import Resources

MAX_ITEMS = 10_000
"""Limit of the items in the list of a `foreach`."""


@dataclass(frozen=True, slots=True)
class Step:
    """One unit of work.

    ``history_key`` is the key of its past runs. ``items`` are the keys of the parts it consists of
    (the tests of a shard): if there are any, its duration is estimated as that of ``history_key``
    (its start-up) plus that of its items.

    ``{directory}`` in ``argv`` stands for the directory of the execution. ``files`` are pairs of
    (name, content) written there before it starts; ``report`` names the file, if any, in which the
    command reports the results of its items.

    A step with ``foreach`` (CEL) is never executed itself: when its needs have ended, it becomes
    one step for each item of the list. ``group`` is the id under which the steps of a matrix, or
    of a list, are needed and asked about together; ``matrix`` are the values of this one.

    ``auto`` names the values that history decides instead of the declaration: ``memory``,
    ``timeout`` or ``retries``. ``memory_limit_mib`` is what its processes may use together; 0: no
    limit, None: what ``demand`` reserves. ``inputs`` are globs of the files that it reads: where
    there are any, a former outcome of the same inputs is taken over.
    """

    id: str
    argv: tuple[str, ...]
    cwd: Path
    history_key: str
    needs: tuple[str, ...] = ()
    when: str = ""
    demand: Resources = field(default_factory=lambda: Resources(cpus=1, slots=1))
    items: tuple[str, ...] = ()
    environment: dict[str, str] = field(default_factory=dict, repr=False)
    timeout_seconds: float | None = None
    retries: int = 0
    retry_delay_seconds: float = 1.0
    idempotent: bool = True
    files: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    report: str = ""
    foreach: str = ""
    group: str = ""
    auto: tuple[str, ...] = ()
    memory_limit_mib: int | None = None
    matrix: tuple[tuple[str, str | int | bool], ...] = ()
    expected_seconds: float | None = None
    inputs: tuple[str, ...] = ()

    @property
    def wall_key(self) -> str:
        """The key of the history of the whole step, i.e. its time and memory.

        The history key of a step with items is that of its start-up alone.
        """
        return (
            f"{self.history_key.rpartition('/')[0]}/{self.id}" if self.items else self.history_key
        )


@dataclass(frozen=True, slots=True)
class ItemResult:
    """The result of one item of a step, e.g. of one test of a shard."""

    id: str
    seconds: float
    outcome: Literal["passed", "skipped", "failed", "error"]
    message: str = ""

    @property
    def succeeded(self) -> bool:
        """Whether it passed, or was skipped on purpose."""
        return self.outcome in {"passed", "skipped"}


@dataclass(frozen=True, slots=True)
class StepReport:
    """The report of an execution, in addition to its outcome.

    ``timings`` are triples of (history key, seconds, succeeded), ready for the ledger;
    ``cause`` says in one line what failed: a step with a cause has failed. ``missing`` are the
    items that it was given and that did not run.
    """

    items: tuple[ItemResult, ...] = ()
    timings: tuple[tuple[str, float, bool], ...] = ()
    cause: str = ""
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class SplitDecision:
    """How a workload was split, why, and the alternatives that were considered.

    ``alternatives`` are pairs of (number of parts, predicted makespan in seconds). ``left_out`` is
    the number of items that a former run has done, so that no part has them.
    """

    parts: int
    reason: str
    alternatives: tuple[tuple[int, float], ...] = ()
    left_out: int = 0


@dataclass(frozen=True)  # without slots, so that what is derived can be kept
class StepGraph:
    """The steps of one workload; ``steps`` is in topological order."""

    project: str
    workload: str
    steps: tuple[Step, ...]
    decision: SplitDecision

    def step(self, step_id: str) -> Step:
        """Return the step of that id."""
        return self._by_id[step_id]

    def without(self, left_out: Collection[str]) -> StepGraph:
        """Return the graph without these steps; what needs one of them needs what that needs."""
        if not left_out:
            return self
        needs_of: dict[str, tuple[str, ...]] = {}
        steps = []
        for step in self.steps:
            needs = dict.fromkeys(
                other
                for need in step.needs
                for other in (needs_of[need] if need in left_out else (need,))
            )
            needs_of[step.id] = tuple(needs)
            if step.id not in left_out:
                steps.append(replace(step, needs=tuple(needs)))
        return replace(self, steps=tuple(steps))

    @cached_property
    def _by_id(self) -> Mapping[str, Step]:
        return {step.id: step for step in self.steps}
