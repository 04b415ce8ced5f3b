"""A workload that is split and planned, with the inputs of its plan."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.autotune import Autotuned
from tasks.reuse.taken import NOTHING_REUSED, Reuse
from tasks.workload import StepGraph


@dataclass(frozen=True, slots=True)
class PlannedWorkload:
    """A workload that is split and planned, with the inputs of its plan.

    Attributes:
        graph: Its steps.
        estimates: Their estimates from history.
        fleet: The providers at the time of planning.
        plan: The provider of each step, and their order.
        autotuned: The settings of its steps that were chosen from history.
        reuse: What is taken over from former runs; the plan has no place for it.
    """

    graph: StepGraph
    estimates: Estimates
    fleet: FleetSnapshot
    plan: Plan
    autotuned: tuple[Autotuned, ...] = ()
    reuse: Reuse = NOTHING_REUSED

    @property
    def to_run(self) -> StepGraph:
        """The graph of the steps that are planned."""
        return self.graph.without(self.reuse.left_out)
