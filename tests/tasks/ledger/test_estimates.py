"""Tests of estimates: published ones while they hold, else from the ledger's history."""

from __future__ import annotations

from statistics import median

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.estimates import Estimate
from tasks.ledger.connection import Ledger
from tasks.ledger.estimates import (
    from_history,
    percentile_90,
    publish_estimates,
    read_estimates,
    read_estimates_by_kind,
)
from tasks.ledger.timings import Timing, record_timings

TRAINED = Estimate("a", 4.0, 6.0, memory_mib=10.0, success=0.9, n=50, source="trained")


def timing(
    seconds: float, at: float = 1.0, *, succeeded: bool = True, kind: str = "shell"
) -> Timing:
    """Build a timing of key `a`."""
    return Timing("a", kind, seconds, succeeded, at)


def test_nothing_known_is_absent(ledger: Ledger) -> None:
    """A made-up estimate would pass for a learnt one."""
    record_timings(ledger, [timing(1.0, succeeded=False), timing(1.0, kind="docker")])
    assert read_estimates(ledger, ["a"], "shell") == {}


def test_history_speaks_where_nothing_is_published(ledger: Ledger) -> None:
    """The second run must be planned by the first one's timings."""
    record_timings(ledger, [timing(1.0), timing(3.0), timing(2.0), timing(9.0, succeeded=False)])
    estimate = read_estimates(ledger, ["a"], "shell")["a"]
    assert (estimate.p50_seconds, estimate.n, estimate.source) == (2.0, 3, "history")
    assert estimate.success == 0.75


def test_only_the_last_twenty_successes_count(ledger: Ledger) -> None:
    """A step that became slow would otherwise be underestimated for months."""
    record_timings(ledger, [timing(1.0, at=at) for at in range(30)])
    record_timings(ledger, [timing(5.0, at=100.0 + at) for at in range(20)])
    record_timings(ledger, [timing(0.1, at=200.0 + at, succeeded=False) for at in range(30)])
    assert read_estimates(ledger, ["a"], "shell")["a"].p90_seconds == 5.0


def test_a_fresh_publication_wins(ledger: Ledger) -> None:
    """Training would have no effect, or one that ends with the next run."""
    record_timings(ledger, [timing(1.0, at=10.0)])
    publish_estimates(ledger, [TRAINED], "shell", now=20.0)
    assert read_estimates(ledger, ["a"], "shell") == {"a": TRAINED}
    assert read_estimates(ledger, ["a"], "docker") == {}
    record_timings(ledger, [timing(5.0, at=30.0), timing(9.0, at=31.0), timing(1.0, at=32.0)])
    assert read_estimates(ledger, ["a"], "shell") == {"a": TRAINED}


@pytest.mark.parametrize(
    "since",
    [
        [timing(6.5, at=30.0 + turn) for turn in range(3)],
        [timing(2.5, at=30.0 + turn) for turn in range(3)],
        [timing(4.0, at=30.0 + turn) for turn in range(20)],
        [timing(4.0, at=30.0), *(timing(4.0, at=40.0 + n, succeeded=False) for n in range(3))],
    ],
    ids=["slower", "quicker", "many", "failing"],
)
def test_newer_runs_that_say_otherwise_end_it(since: list[Timing], ledger: Ledger) -> None:
    """What was learnt before a change would be planned with until the next training."""
    publish_estimates(ledger, [TRAINED], "shell", now=20.0)
    record_timings(ledger, since)
    assert read_estimates(ledger, ["a"], "shell")["a"].source == "history"


def test_a_publication_outlives_failures_without_any_success(ledger: Ledger) -> None:
    """Otherwise a first failure after training would erase all that is known."""
    publish_estimates(ledger, [TRAINED], "shell", now=20.0)
    record_timings(ledger, [timing(1.0, at=30.0, succeeded=False)])
    assert read_estimates(ledger, ["a"], "shell") == {"a": TRAINED}


def test_publishing_again_replaces(ledger: Ledger) -> None:
    """The nightly training would otherwise fail on its second night."""
    publish_estimates(ledger, [TRAINED], "shell", now=1.0)
    publish_estimates(ledger, [Estimate("a", 8.0, 9.0)], "shell", now=2.0)
    publish_estimates(ledger, [], "shell", now=3.0)
    assert read_estimates(ledger, ["a"], "shell")["a"].p50_seconds == 8.0


@given(st.lists(st.floats(0.001, 1e6), min_size=1, max_size=20))
def test_quantiles_are_in_order_and_within_what_was_seen(seconds: list[float]) -> None:
    """A p90 below the p50 would make backfill promise what never holds."""
    estimate = from_history("a", [timing(value) for value in seconds])
    assert estimate is not None
    assert min(seconds) <= estimate.p50_seconds <= estimate.p90_seconds * (1 + 1e-9)
    assert estimate.p90_seconds <= max(seconds) * (1 + 1e-9)
    assert estimate.p50_seconds == median(seconds)
    assert percentile_90([7.0]) == 7.0


def test_each_kind_of_provider_speaks_for_itself(ledger: Ledger) -> None:
    """A step would be planned on a new kind of machine as it was on an old one."""
    record_timings(ledger, [timing(1.0), timing(5.0, kind="docker")])
    estimate = read_estimates_by_kind(ledger, ["a"], ["shell", "docker", "shell", "vm"])["a"]
    assert (estimate.p50_seconds, estimate.kind) == (1.0, "shell")
    assert (estimate.on("docker").p50_seconds, estimate.on("vm")) == (5.0, estimate)
    of_one_kind = read_estimates_by_kind(ledger, ["a"], ["shell", "shell"])
    assert of_one_kind == read_estimates(ledger, ["a"], "shell")
    assert read_estimates_by_kind(ledger, ["a"], ["vm", "docker"])["a"].kind == "docker"
