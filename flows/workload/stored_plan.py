"""Which stored plan is to be run again, and how a plan that is stored is told of."""

from __future__ import annotations

from tasks.distribute.explaining.report import eta_sentence
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.plans import StoredPlan, plan_by_id
from tasks.planning.replay import refuse_other


def stored_plan(target: Target, workload: str, plan: str, book: Ledger) -> StoredPlan | None:
    """Return the plan of that id; None where none is asked for.

    Raises:
        BadInputError: There is none, or it is of another workload.
    """
    if not plan:
        return None
    found = plan_by_id(book, plan)
    refuse_other(plan, found.plan, target.project, workload)
    return found


def told(stored: StoredPlan) -> str:
    """Return what a dry run says of its plan, in one line."""
    planned = f"{len(stored.plan.order)} steps in {stored.plan.makespan_seconds:.1f} s"
    if stored.plan.eta:
        planned = f"{planned}; {eta_sentence(stored.plan.eta)}"
    return f"{planned}; plan {stored.id}: to run just this, start `run` with plan = {stored.id}"
