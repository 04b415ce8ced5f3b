"""Tests of the newest timings of each key."""

from __future__ import annotations

from tasks.ledger.connection import Ledger
from tasks.ledger.timings import KEYS_PER_STATEMENT, Timing, chunks, record_timings, timings


def timing(key: str, at: float, seconds: float = 1.0) -> Timing:
    """Build a successful timing."""
    return Timing(key, "shell", seconds, succeeded=True, at=at)


def test_the_newest_come_first_and_only_so_many(ledger: Ledger) -> None:
    """Old timings would otherwise outvote what the step takes today."""
    record_timings(ledger, [timing("a", at) for at in (3.0, 1.0, 2.0)] + [timing("b", 9.0)])
    by_key = timings(ledger, limit_per_key=2)
    assert [item.at for item in by_key["a"]] == [3.0, 2.0]
    assert [item.at for item in by_key["b"]] == [9.0]


def test_keys_and_time_narrow_it(ledger: Ledger) -> None:
    """Otherwise planning one suite would read the history of all."""
    record_timings(ledger, [timing("a", 1.0), timing("a", 5.0), timing("b", 5.0)])
    assert timings(ledger, ["a", "none"], since=2.0) == {"a": [timing("a", 5.0)]}
    assert timings(ledger, []) == {}


def test_more_keys_than_a_statement_takes(ledger: Ledger) -> None:
    """A suite of thousands of tests would otherwise fail to be planned."""
    keys = [f"test{number}" for number in range(2 * KEYS_PER_STATEMENT + 1)]
    record_timings(ledger, [timing(key, 1.0) for key in keys])
    assert timings(ledger, keys).keys() == set(keys)


def test_chunks_hold_every_key_once() -> None:
    """A key asked for twice would have its timings doubled."""
    assert [key for part in chunks(["a", "b", "a"]) for key in part] == ["a", "b"]
