"""What the figures of the load mean."""

from __future__ import annotations

import pytest

from examples.demo.load import Tally
from examples.demo.service import Executions
from examples.demo.summary import Shipped
from examples.demo.verdict import load_rows, ship_rows

BEFORE = Executions(requests=50, distinct=50)


def _held(tally: Tally, after: Executions) -> list[bool]:
    return [row.ok for row in load_rows(tally, BEFORE, after)]


def test_all_acknowledged_once_holds() -> None:
    """A clean deploy would fail the demo."""
    assert _held(Tally(200, written=100, slow=3), Executions(150, 150)) == [True, True, True]


def test_a_failed_request_does_not_hold() -> None:
    """The demo would pass over a dropped request."""
    tally = Tally(200, written=99, slow=3, failed=1, failures=["POST /entries: closed"])
    rows = load_rows(tally, BEFORE, Executions(150, 150))
    assert [row.ok for row in rows] == [True, False, True]
    assert rows[1].outcome == "1; POST /entries: closed"


@pytest.mark.parametrize(
    ("after", "why"),
    [
        (Executions(151, 150), "executed twice"),
        (Executions(149, 149), "acknowledged and lost"),
        (Executions(151, 151), "executed without being asked"),
    ],
)
def test_what_was_executed_must_be_what_was_acknowledged(after: Executions, why: str) -> None:
    """A write would be executed twice or lost, and nobody notice."""
    held = _held(Tally(200, written=100, slow=3), after)
    assert held == [True, True, False], why


@pytest.mark.parametrize("tally", [Tally(), Tally(9, written=9), Tally(9, slow=9)])
def test_no_load_proves_nothing(tally: Tally) -> None:
    """A demo without writes, or without a request in flight, would call the deploy clean."""
    assert not load_rows(tally, None, None)[0].ok


def test_without_a_count_only_failures_are_judged() -> None:
    """A project that does not count its executions could not be demonstrated."""
    assert [row.ok for row in load_rows(Tally(9, written=4, slow=1), None, None)] == [True, True]


def test_parts_of_ship_are_indented() -> None:
    """The wall time of each part would not be seen."""
    (row,) = ship_rows(Shipped(parts=(("deploy", 2.5, "blue to green"),)))
    assert (row.part, row.seconds, row.outcome) == ("  deploy", 2.5, "blue to green")
