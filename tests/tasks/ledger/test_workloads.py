"""Tests of workloads: each has one live owner, and a takeover fences the former one off."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from blocks.providers.process.identity import own_identity
from tasks.errors import BusyError, NotFoundError, StaleFenceError
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.workloads import (
    WorkloadLease,
    close_workload,
    open_workload,
    renew_workload,
    workloads,
)


def alive(owner: str) -> bool:
    """Say of every owner that it lives."""
    return True


def dead(owner: str) -> bool:
    """Say of every owner that it is gone."""
    return False


def opened(ledger: Ledger, now: float = 0.0, key: str = "shop/tests") -> WorkloadLease:
    """Open a workload as somebody alive."""
    return open_workload(ledger, key, "first", now, 10.0, alive)


def test_a_live_owner_keeps_its_workload(ledger: Ledger) -> None:
    """Two runs at once would execute every step twice."""
    opened(ledger)
    with pytest.raises(BusyError, match="is being run by another run"):
        open_workload(ledger, "shop/tests", "second", 5.0, 10.0, alive)


@pytest.mark.parametrize(("now", "judge"), [(5.0, dead), (10.0, alive)], ids=["dead", "lapsed"])
def test_a_workload_whose_owner_is_gone_is_resumed(
    ledger: Ledger, now: float, judge: Callable[[str], bool]
) -> None:
    """After kill -9 the next run would otherwise repeat what is finished, or never begin."""
    first = opened(ledger)
    second = open_workload(ledger, "shop/tests", "second", now, 10.0, judge)
    assert second == WorkloadLease(first.id, "shop/tests", first.fence + 1, resumed=True)


def test_a_lease_that_ran_out_gives_nothing_of_a_living_run_away(ledger: Ledger) -> None:
    """After a suspend, or a clock that was set, a second run would start every step beside it."""
    open_workload(ledger, "shop/tests", own_identity().encode(), 0.0, 10.0, alive)
    with pytest.raises(BusyError, match="is being run"):
        open_workload(ledger, "shop/tests", "second", 1e9, 10.0, alive)


def test_the_former_owner_is_refused(ledger: Ledger) -> None:
    """An owner that was only asleep would otherwise write over its successor."""
    first = opened(ledger)
    second = open_workload(ledger, "shop/tests", "second", 5.0, 10.0, dead)
    assert not renew_workload(ledger, first.id, first.fence, 6.0, 10.0)
    with pytest.raises(StaleFenceError):
        close_workload(ledger, first.id, first.fence, "failed", 7.0)
    assert renew_workload(ledger, second.id, second.fence, 6.0, 10.0)
    assert [row.state for row in workloads(ledger)] == ["open"]


def test_a_renewed_lease_holds_longer(ledger: Ledger) -> None:
    """A workload longer than its first lease would otherwise be taken from a live owner."""
    first = opened(ledger)
    assert renew_workload(ledger, first.id, first.fence, 8.0, 10.0)
    with pytest.raises(BusyError):
        open_workload(ledger, "shop/tests", "second", 15.0, 10.0, alive)


def test_after_closing_a_new_one_is_opened(ledger: Ledger) -> None:
    """The second run of a test suite must run, not find the first one's outcomes."""
    first = opened(ledger)
    close_workload(ledger, first.id, first.fence, "succeeded", 5.0)
    close_workload(ledger, first.id, first.fence, "failed", 6.0)
    assert [row.state for row in workloads(ledger)] == ["succeeded"]
    assert not renew_workload(ledger, first.id, first.fence, 6.0, 10.0)
    second = opened(ledger, now=7.0)
    assert second.id != first.id
    assert not second.resumed


def test_what_was_never_opened_is_not_there(ledger: Ledger) -> None:
    """A wrong id must not pass for a workload without a state."""
    assert workloads(ledger) == []
    with pytest.raises(NotFoundError):
        close_workload(ledger, "none", 1, "failed", 1.0)


def test_one_of_many_at_once_opens_it(ledger: Ledger, url: str) -> None:
    """Two triggers at the same moment would otherwise run everything twice."""
    ledgers = [ledger, open_ledger(url), open_ledger(url), open_ledger(url)]

    def attempt(number: int) -> str:
        try:
            open_workload(ledgers[number % 4], "shop/tests", f"run{number}", 1.0, 10.0, alive)
        except BusyError:
            return "busy"
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(attempt, range(16)))
    assert answers.count("opened") == 1
    assert len(workloads(ledger)) == 1
    for other in ledgers[1:]:
        other.close()


def test_one_of_many_at_once_takes_it_over(ledger: Ledger) -> None:
    """Two successors of one dead run would both believe that they hold it."""
    opened(ledger)
    living = {"run0", "run1", "run2", "run3"}

    def attempt(number: int) -> int:
        try:
            return open_workload(
                ledger, "shop/tests", f"run{number}", 1.0, 10.0, living.__contains__
            ).fence
        except BusyError:
            return 0

    with ThreadPoolExecutor(4) as pool:
        fences = list(pool.map(attempt, range(4)))
    assert sorted(fences) == [0, 0, 0, 2]


def test_workloads_are_listed_newest_first_and_by_project(ledger: Ledger) -> None:
    """The status of one project must not show another's work."""
    opened(ledger, 1.0, "shop/tests")
    opened(ledger, 2.0, "shop/build")
    opened(ledger, 3.0, "shopping/tests")
    assert [row.key for row in workloads(ledger, "shop")] == ["shop/build", "shop/tests"]
    assert [row.key for row in workloads(ledger, limit=1)] == ["shopping/tests"]
