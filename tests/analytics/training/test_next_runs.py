"""What is expected of the next run of a key stays within what the key itself has shown."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.history.runs import Run
from analytics.training.backtest import backtest
from tasks.estimates import Estimate

# Each learns from hundreds of runs: seconds, not milliseconds.
pytestmark = pytest.mark.integration

NOW = 1_000_000.0


def runs(key: str, seconds: list[float]) -> list[Run]:
    """Return runs of one key, one every hundred seconds, the last of them just now."""
    starts = [NOW - 100.0 * number for number in range(len(seconds), 0, -1)]
    return [
        Run("shell", key, at, at + run_seconds, run_seconds, True, 20.0)
        for at, run_seconds in zip(starts, seconds, strict=True)
    ]


def expected(key: str, history: list[Run]) -> Estimate:
    """Return what is published of one key."""
    estimates = {estimate.key: estimate for estimate in backtest(history, NOW).estimates("shell")}
    return estimates[key]


@pytest.mark.parametrize("seconds", [[30.0] * 6, [28.0, 31.0, 30.0, 29.0]])
def test_a_steady_key_is_not_moved_by_many_short_ones(seconds: list[float]) -> None:
    """A step of half a minute would be planned as one of five seconds, among many quick tests."""
    others = [run for number in range(300) for run in runs(f"test_{number}", [0.5, 0.5])]
    estimate = expected("build", others + runs("build", seconds))
    assert 0.99 * min(seconds) <= estimate.p50_seconds <= 1.01 * max(seconds)
    upper = [estimate.p80_seconds or 0.0, estimate.p90_seconds, estimate.p95_seconds or 0.0]
    assert [estimate.p50_seconds, *upper] == sorted([estimate.p50_seconds, *upper])


def test_another_kind_of_provider_moves_nothing() -> None:
    """One flow run on the server would make a step of half a minute one of six seconds."""
    others = [run for number in range(300) for run in runs(f"test_{number}", [0.5, 0.5])]
    flow_run = Run("prefect", "flow/ship", NOW, NOW + 0.01, 0.01, succeeded=True)
    estimate = expected("build", [flow_run, *others, *runs("build", [30.0] * 6)])
    assert estimate.p50_seconds == pytest.approx(30.0)


def test_a_run_with_more_to_do_takes_longer() -> None:
    """Whoever runs a flow over a hundred thousand rows would be promised the time of a thousand."""
    sizes = [1000.0, 2000.0, 4000.0, 8000.0] * 40 + [64_000.0, 4000.0, 64_000.0]
    history = [
        replace(run, size=size)
        for run, size in zip(
            runs("flow/import", [size / 100 for size in sizes]), sizes, strict=True
        )
    ]
    assert expected("flow/import", history).p50_seconds == pytest.approx(640.0, rel=0.2)


def test_success_and_number_of_runs_are_counted() -> None:
    """Who plans could not tell one lucky run from many."""
    estimate = expected("build", runs("build", [30.0] * 6))
    assert estimate.n == 6
    assert 0.8 < estimate.success <= 1.0
    assert estimate.memory_mib == pytest.approx(20.0)
