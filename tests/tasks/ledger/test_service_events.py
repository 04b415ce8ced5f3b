"""Tests of the queries for new timings, attempts and measurements."""

from __future__ import annotations

from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.samples import Sample, record_samples
from tasks.ledger.service_events import (
    begun_executions,
    last_timing,
    measured,
    measured_series,
    new_timings,
)
from tasks.ledger.timings import Timing, record_timings
from tests.tasks.ledger.test_executions import begun

__all__ = ["begun"]

OLD, NEW = (Timing("a", "shell", 1.0, True, at) for at in (5.0, 50.0))


def test_timings_are_read_once(ledger: Ledger) -> None:
    """Every night the whole ledger would be read again, or the newest rows missed."""
    assert last_timing(ledger) == 0
    assert new_timings(ledger, 0, 0.0) == (0, [])
    record_timings(ledger, [OLD])
    last, fresh = new_timings(ledger, 0, 0.0)
    assert (last, fresh) == (last_timing(ledger), [OLD])
    record_timings(ledger, [NEW])
    assert new_timings(ledger, last, 0.0)[1] == [NEW]
    assert new_timings(ledger, 0, 10.0)[1] == [NEW]


def test_attempts_of_all_workloads_are_read(ledger: Ledger, begun: Execution) -> None:
    """The steps of other workloads would teach nothing."""
    assert begun_executions(ledger, begun.started_at) == [begun]
    assert begun_executions(ledger, begun.started_at + 1) == []


def test_one_series_is_read_alone(ledger: Ledger) -> None:
    """The memory of a service would be taken for its CPU."""
    record_samples(
        ledger,
        [Sample("web", "cpu", 3.0, 2.0), Sample("web", "cpu", 2.0, 1.0), Sample("db", "cpu", 9, 1)],
    )
    assert measured(ledger, "web", "cpu", 0.0) == [(1.0, 2.0), (2.0, 3.0)]
    assert measured_series(ledger, 0.0) == [("db", "cpu"), ("web", "cpu")]
    assert measured_series(ledger, 1.5) == [("web", "cpu")]
