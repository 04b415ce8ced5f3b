"""Tests of stored plans that are run again."""

from __future__ import annotations

from dataclasses import replace

import pytest

from flows.workload.stored_plan import stored_plan, told
from tasks.errors import BadInputError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.plans import plan_by_id, record_plan
from tests.tasks.ledger.test_plans import PLAN


def test_the_plan_that_was_told_is_the_one_that_runs(target: Target, ledger: Ledger) -> None:
    """A user would run another plan than the one that was looked at, or be refused."""
    recorded = record_plan(ledger, "key", PLAN, 1.0)
    line = told(plan_by_id(ledger, str(recorded)))
    assert (
        line
        == f"2 steps in 4.0 s; plan {recorded}: to run exactly it, start `run` with plan = {recorded}"
    )
    stored = stored_plan(target, "tests", str(recorded), ledger)
    assert stored is not None
    assert stored.plan == PLAN
    assert stored_plan(target, "tests", "", ledger) is None


def test_a_plan_of_something_else_is_refused_before_anything_is_built(
    target: Target, ledger: Ledger
) -> None:
    """The user would wait for an environment, and then read of a wrong number."""
    other = record_plan(ledger, "key", replace(PLAN, workload="build"), 1.0)
    with pytest.raises(BadInputError, match="plan: is of workload build of shop, not of tests"):
        stored_plan(target, "tests", str(other), ledger)
    with pytest.raises(BadInputError, match="no plan has this id"):
        stored_plan(target, "tests", "77", ledger)
