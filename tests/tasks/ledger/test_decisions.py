"""A decision is recorded with its reason, and settled by what came of it."""

from __future__ import annotations

from dataclasses import replace

from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, decisions, record_decision, settle_decision

SPLIT = Decision("w", "split", "4 shards", "saves 12 s", 1.0, estimate_seconds=10.0)


def test_the_newest_choice_is_settled(ledger: Ledger) -> None:
    """An estimate would otherwise be held against the result of an earlier choice."""
    again = replace(SPLIT, chosen="8 shards", at=2.0)
    other = replace(SPLIT, subject="v", at=3.0)
    for item in (SPLIT, again, other):
        record_decision(ledger, item)
    assert settle_decision(ledger, "w", "split", 11.0)
    assert not settle_decision(ledger, "w", "placement", 1.0)
    assert decisions(ledger, "w") == [replace(again, actual_seconds=11.0), SPLIT]
    assert decisions(ledger, limit=1) == [other]
