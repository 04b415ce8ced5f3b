"""Tests of decisions, their estimates and actual values."""

from __future__ import annotations

from dataclasses import replace

from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, decisions, record_decisions, settle_decisions

PLACED = Decision("w", "placement", "m1", "ends first", 1.0, "a", "p/w/a", "history", "s", 10.0)
MEMORY = replace(PLACED, kind="memory", chosen="400 MiB", unit="MiB", estimate=380.0)


def test_each_choice_is_settled_by_its_own_outcome(ledger: Ledger) -> None:
    """An estimate of seconds would be held against MiB, or against another step's."""
    other = replace(PLACED, step="b")
    record_decisions(ledger, "w", [PLACED, MEMORY, other])
    settle_decisions(ledger, "w", {("a", "placement"): 11.0, ("a", "memory"): 390.0})
    settle_decisions(ledger, "w", {("a", "placement"): 99.0, ("c", "placement"): 1.0})
    assert decisions(ledger, "w") == [
        replace(PLACED, actual=11.0),
        replace(MEMORY, actual=390.0),
        other,
    ]


def test_a_resumed_workload_decides_anew_what_was_not_settled(ledger: Ledger) -> None:
    """What a run that died had decided would be scored by what the next one did."""
    record_decisions(ledger, "w", [PLACED, MEMORY])
    settle_decisions(ledger, "w", {("a", "placement"): 11.0})
    again = replace(MEMORY, chosen="500 MiB", at=2.0)
    record_decisions(ledger, "w", [again])
    assert decisions(ledger, "w") == [replace(PLACED, actual=11.0), again]


def test_decisions_are_found_by_workload_kind_and_time(ledger: Ledger) -> None:
    """A chart of the last month would be drawn from all there ever was."""
    other = replace(PLACED, workload="v", at=5.0)
    record_decisions(ledger, "w", [PLACED, MEMORY])
    record_decisions(ledger, "v", [other])
    assert decisions(ledger, kind="memory") == [MEMORY]
    assert decisions(ledger, since=2.0) == decisions(ledger, limit=1) == [other]
    record_decisions(ledger, "x", [])
    settle_decisions(ledger, "x", {})
    assert decisions(ledger, "x") == []
