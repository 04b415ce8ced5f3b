"""Tests of the back-off between the starts of a part."""

from __future__ import annotations

from stack.supervisor.program import MAX_GAP_SECONDS, next_start


def test_starts_of_what_keeps_failing_lie_further_and_further_apart() -> None:
    """A program that cannot start would spin, or be given up."""
    starts = [next_start(100.0, 100.2, failures) for failures in range(12)]
    assert starts == sorted(starts)
    assert starts[:4] == [100.2, 100.5, 101.0, 102.0]
    assert starts[-1] == 100.0 + MAX_GAP_SECONDS


def test_what_has_worked_for_a_while_is_back_at_once() -> None:
    """A worker that is killed again and again would be away for most of the time."""
    assert next_start(100.0, 106.0, failures=12) == 106.0
