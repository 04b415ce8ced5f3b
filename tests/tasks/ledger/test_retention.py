"""Tests of the ledger's retention: history goes by age and number; open and newest rows stay."""

from __future__ import annotations

from pathlib import Path

import pytest
from sqlalchemy import insert

from blocks.providers.interface import End, Outcome, Resources
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution, executions
from tasks.ledger.retention import (
    KEPT_PER_KEY,
    KEPT_ROLLOUTS,
    forget_history,
    kept_history,
    referenced,
    unended_directories,
)
from tasks.ledger.service_events import last_timing
from tasks.ledger.tables import deployment, learning
from tasks.ledger.timings import Timing, record_timings, timings
from tasks.ledger.workloads import close_workload, open_workload
from tests.tasks.ledger.attempts import begin_execution, finish_execution

NEVER = -1.0
ALL = 10**9


def _timings(ledger: Ledger, key: str, count: int) -> None:
    record_timings(ledger, [Timing(key, "shell", 1.0, True, float(at), 0.0) for at in range(count)])


def _workload(ledger: Ledger, key: str, *, closed: bool, steps: int = 1) -> str:
    lease = open_workload(ledger, key, "me", 1.0, 15, owner_alive=lambda _: True)
    for number in range(steps):
        step = f"s{number}"
        directory = Path("/steps") / lease.id / step / "1"
        begun = Execution(
            *(lease.id, step, 1, lease.fence, "local", "shell", f"{key}/{step}", directory, 1.0),
            Resources(),
        )
        begin_execution(ledger, begun)
        if closed:
            outcome = Outcome(end=End.SUCCEEDED, started_at=1.0, ended_at=2.0)
            finish_execution(ledger, lease.id, step, 1, lease.fence, outcome, 0.0)
    if closed:
        close_workload(ledger, lease.id, lease.fence, "succeeded", 2.0)
    return lease.id


def test_the_newest_of_each_key_stay_however_old(ledger: Ledger) -> None:
    """Broken: a step that runs once a quarter is planned without history."""
    _timings(ledger, "often", KEPT_PER_KEY + 30)
    _timings(ledger, "seldom", 3)
    last = last_timing(ledger)
    while forget_history(ledger, before=1e9, max_rows=ALL, bite=20):
        pass
    moments = [timing.at for timing in timings(ledger, ["often"], 1000)["often"]]
    assert sorted(moments) == [float(at) for at in range(30, KEPT_PER_KEY + 30)]
    assert len(timings(ledger, ["seldom"])["seldom"]) == 3
    assert last_timing(ledger) == last  # else analytics would take it for another ledger


def test_a_bite_is_small(ledger: Ledger) -> None:
    """Broken: the first run after a year holds the ledger for minutes."""
    _timings(ledger, "often", KEPT_PER_KEY + 30)
    assert forget_history(ledger, before=1e9, max_rows=ALL, bite=7) == {"timings": 7}


def test_what_is_young_goes_only_where_there_is_too_much(ledger: Ledger) -> None:
    """Broken: history within the limits is lost, or grows past them."""
    _timings(ledger, "often", KEPT_PER_KEY + 30)
    assert forget_history(ledger, NEVER, max_rows=KEPT_PER_KEY + 30, bite=100) == {}
    assert forget_history(ledger, NEVER, max_rows=KEPT_PER_KEY + 25, bite=100) == {"timings": 5}
    assert kept_history(ledger)["timings"].oldest_at == 5.0


@pytest.mark.slow
def test_what_is_open_stays_and_what_is_closed_goes_with_its_steps(ledger: Ledger) -> None:
    """Broken: a run that is resumed repeats all its steps; or closed ones stay for ever."""
    open_workload_id = _workload(ledger, "shop/ci/dev", closed=False)
    closed = [_workload(ledger, f"shop/ci/{number}", closed=True) for number in range(2)]
    many = [_workload(ledger, "shop/x", closed=True) for _ in range(KEPT_PER_KEY + 2)]
    with ledger.write() as connection:
        rows = [
            {"workload": name, "step": "s", "kind": "k", "key": "", "chosen": "", "why": ""}
            | {"source": "", "unit": "", "at": 1.0}
            for name in (open_workload_id, closed[0])
        ]
        connection.execute(insert(learning.decisions), rows)
    while forget_history(ledger, before=1e9, max_rows=ALL, bite=50):
        pass
    assert executions(ledger, open_workload_id)
    assert sum(bool(executions(ledger, name)) for name in many) == KEPT_PER_KEY
    assert kept_history(ledger)["workloads"].rows == 1 + 2 + KEPT_PER_KEY
    assert kept_history(ledger)["decisions"].rows == 1


def test_rollouts_to_go_back_along_stay(ledger: Ledger) -> None:
    """Broken: an environment that is deployed once a year cannot be rolled back."""
    with ledger.write() as connection:
        rows = [
            {"id": f"r{at}", "project": "shop", "environment": "dev", "phase": "done"}
            | {"owner": "", "fence": 1, "lease_until": 0.0, "document": {}}
            | {"started_at": float(at), "updated_at": float(at)}
            for at in range(KEPT_ROLLOUTS + 4)
        ]
        connection.execute(insert(deployment.rollouts), rows)
    assert forget_history(ledger, 1e9, ALL, 100) == {"rollouts": 4}


@pytest.mark.parametrize("closed", [True, False])
def test_only_attempts_without_an_outcome_may_run(ledger: Ledger, closed: bool) -> None:
    """Broken: `make down` leaves a step running, or looks through all that ever ran."""
    name = _workload(ledger, "shop/ci/dev", closed=closed, steps=2)
    names = [path.parent.name for path in unended_directories(ledger)]
    assert sorted(names) == ([] if closed else ["s0", "s1"])
    assert (name in referenced(ledger)) != closed
