"""Finds a stored plan to run again, and describes stored plans."""

from __future__ import annotations

from tasks.distribute.explaining.report import eta_sentence
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.plans import StoredPlan, plan_by_id
from tasks.planning.replay import refuse_other


def stored_plan(target: Target, workload: str, plan: str, ledger: Ledger) -> StoredPlan | None:
    """Return the plan of that id; None if no id is given.

    Raises:
        BadInputError: There is none, or it is of another workload.
    """
    if not plan:
        return None
    stored = plan_by_id(ledger, plan)
    refuse_other(plan, stored.plan, target.project, workload)
    return stored


def told(stored: StoredPlan) -> str:
    """Return the line with which a dry run describes its plan."""
    planned = f"{len(stored.plan.order)} steps in {stored.plan.makespan_seconds:.1f} s"
    if stored.plan.eta:
        planned = f"{planned}; {eta_sentence(stored.plan.eta)}"
    return f"{planned}; plan {stored.id}: to run exactly it, start `run` with plan = {stored.id}"
