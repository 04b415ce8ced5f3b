"""Tests of the outcomes that later runs of the same inputs take over."""

from __future__ import annotations

from dataclasses import replace

from blocks.providers.interface import End, Outcome
from tasks.ledger.connection import Ledger
from tasks.ledger.retention import forget_history
from tasks.ledger.step_cache import (
    CachedOutcome,
    cached_outcomes,
    forget_cached,
    newest_cached,
    record_cached,
)

GOOD = Outcome(end=End.SUCCEEDED, started_at=1.0, ended_at=2.0, output={"a": [1, None]})
FIRST = CachedOutcome("k1", "c1", "shop", "shop/ci/lint", "w1", GOOD, 2.0, {"a.py": "1"})


def test_outcomes_are_found_by_context_and_the_newest_by_step(ledger: Ledger) -> None:
    """A step would take the outcome of another, or be told of the wrong changes."""
    item = replace(FIRST, key="k2", at=3.0, inputs={})
    other = replace(FIRST, key="k3", context="c2", at=1.0, history_key="shop/ci/test")
    record_cached(ledger, [FIRST, item, other])
    assert cached_outcomes(ledger, ["c1", "c1", "c9"]) == {"k1": FIRST, "k2": item}
    assert newest_cached(ledger, ["shop/ci/lint", "none"]) == {"shop/ci/lint": item}
    again = replace(FIRST, workload="w2", at=4.0)
    record_cached(ledger, [again])
    assert newest_cached(ledger, ["shop/ci/lint"]) == {"shop/ci/lint": again}
    assert cached_outcomes(ledger, []) == {}


def test_many_steps_are_asked_for_at_once(ledger: Ledger) -> None:
    """A workload of thousands of steps with inputs could not be planned."""
    rows = [replace(FIRST, key=f"k{n}", context=f"c{n}", history_key=f"h{n}") for n in range(7000)]
    record_cached(ledger, rows)
    assert len(cached_outcomes(ledger, [f"c{n}" for n in range(7000)])) == 7000
    assert len(newest_cached(ledger, [f"h{n}" for n in range(7000)])) == 7000


def test_outcomes_go_with_their_age_and_with_their_project(ledger: Ledger) -> None:
    """The cache would grow for ever, or a project that was forgotten be remembered."""
    record_cached(ledger, [FIRST, replace(FIRST, key="k2", project="other", at=9.0)])
    assert forget_history(ledger, before=5.0, max_rows=100, bite=10) == {"cached outcomes": 1}
    assert set(cached_outcomes(ledger, ["c1"])) == {"k2"}
    forget_cached(ledger, "other")
    assert cached_outcomes(ledger, ["c1"]) == {}
