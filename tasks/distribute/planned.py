"""A workload that is split and planned, with all that its plan was made from."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.autotune import Autotuned
from tasks.workload import StepGraph


@dataclass(frozen=True, slots=True)
class PlannedWorkload:
    """A workload that is split and planned, with all that its plan was made from.

    Attributes:
        graph: Its steps.
        estimates: What history expects of them.
        fleet: The providers as they were when it was planned.
        plan: Which step runs where, and in what order.
        autotuned: What history decided of its steps in place of their user.
    """

    graph: StepGraph
    estimates: Estimates
    fleet: FleetSnapshot
    plan: Plan
    autotuned: tuple[Autotuned, ...] = ()
