"""Outcomes that a run takes over from former runs, instead of executing their steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from blocks.providers.interface import Outcome
from tasks.reuse.step_keys import StepKeys
from tasks.workload import Step


@dataclass(frozen=True, slots=True)
class Taken:
    """The outcome of a step in a former run, and in a few words from which, and why."""

    outcome: Outcome
    why: str


Take = Callable[[Step], Taken | None]
"""Returns the outcome that is taken over for a step; None if it is to be executed."""


def take_nothing(_step: Step) -> Taken | None:
    """Have every step executed."""
    return None


@dataclass(frozen=True, slots=True)
class Reuse:
    """What one run takes over from former runs, and why it executes the rest.

    ``take`` returns the outcome of a step that is taken over; ``taken`` says why, by step, as far
    as this is known before the first step starts. ``left_out`` are the steps that are not
    planned: those, and the ones that end without being executed. ``reasons`` says by step why it
    is executed although a former run has executed it. ``tests`` is the number of tests that are
    taken over, and ``source`` names the run that is repeated, e.g. ``the run of <when>``; empty
    where all of the workload is run. ``keys`` are those of the steps that declare inputs, if any
    does: their outcomes are recorded for later runs; ``declarations`` are digests of all steps.
    """

    take: Take = take_nothing
    taken: Mapping[str, str] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    reasons: Mapping[str, str] = field(default_factory=dict)
    tests: int = 0
    source: str = ""
    keys: StepKeys | None = None
    declarations: Mapping[str, str] = field(default_factory=dict)

    def before(self, other: Reuse) -> Reuse:
        """Return both together, where this one takes a step first."""
        taken = {**other.taken, **self.taken}
        reasons: dict[str, str] = {}
        for step, reason in [*self.reasons.items(), *other.reasons.items()]:
            if step not in taken:
                reasons[step] = f"{reasons[step]}; {reason}" if step in reasons else reason
        return Reuse(
            lambda step: self.take(step) or other.take(step),
            taken,
            self.left_out | other.left_out,
            reasons,
            self.tests + other.tests,
            self.source or other.source,
            self.keys or other.keys,
        )


NOTHING_REUSED = Reuse()
