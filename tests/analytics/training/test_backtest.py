"""How far off the forecasts would have been, without a leak."""

from __future__ import annotations

import random

import pytest

from analytics.durations.model_selection import COMPARED_RULES
from analytics.history.runs import Run
from analytics.training.backtest import Backtest, backtest

# Each learns from hundreds of runs: seconds, not milliseconds.
pytestmark = pytest.mark.integration


def _run(start: float, seconds: float, *, key: str = "a", succeeded: bool = True) -> Run:
    return Run("shell", key, start, start + seconds, seconds, succeeded)


def _history(kind: str, keys: int = 24, length: int = 50) -> list[Run]:
    """Return runs that are steady, drift, double half-way, or have outliers."""
    rng = random.Random(kind)
    runs = []
    for number in range(keys):
        level = rng.uniform(1, 60)
        for turn in range(length):
            if kind == "drifting":
                level *= rng.lognormvariate(0.02, 0.1)
            seconds = level * rng.lognormvariate(0, 0.1)
            if kind == "doubling" and turn >= length // 2:
                seconds *= 2
            if kind == "outliers" and rng.random() < 0.1:
                seconds *= 8
            runs.append(_run(turn * 10_000.0, seconds, key=f"{kind}/{number}"))
    return runs


KINDS = ["steady", "drifting", "doubling", "outliers"]


def _min_max_ratio(tested: Backtest, forecaster: str = "model") -> float:
    accuracy = tested.accuracy(forecaster)
    assert accuracy
    return accuracy.min_max_ratio


@pytest.mark.parametrize("kind", KINDS)
def test_the_model_is_about_as_good_as_the_best_rule(kind: str) -> None:
    """Planning would be better off with a one-line rule."""
    tested = backtest(_history(kind))
    best = max(_min_max_ratio(tested, rule) for rule in COMPARED_RULES)
    assert _min_max_ratio(tested) >= best - 0.01


@pytest.fixture(scope="module")
def mixed() -> Backtest:
    """Give the backtest over keys of every kind; making it takes most of the time."""
    return backtest([run for kind in KINDS for run in _history(kind)])


@pytest.mark.parametrize("baseline", ["last run", "median of 20", "mean of 2"])
def test_over_mixed_keys_the_model_beats_each_rule(baseline: str, mixed: Backtest) -> None:
    """Choosing a rule per key would be of no use."""
    assert _min_max_ratio(mixed) > _min_max_ratio(mixed, f"{baseline} of key")


def test_the_90th_percentile_covers_about_nine_tenths(mixed: Backtest) -> None:
    """Backfill and time-outs would rest on a margin that is too small, or far too wide."""
    coverage = mixed.coverage()
    assert coverage
    assert 0.87 <= coverage <= 0.95


def test_the_first_run_is_not_forecast() -> None:
    """The report would count forecasts that nobody could have made."""
    tested = backtest([_run(0, 1)])
    assert not tested.is_forecast.any()
    assert tested.accuracy() is None
    assert tested.coverage() is None
    assert [estimate.key for estimate in tested.estimates("shell")] == ["a"]


def test_without_runs_nothing_is_expected() -> None:
    """The training of a fresh installation would fail."""
    tested = backtest([])
    assert tested.kinds == []
    assert tested.accuracy() is None


def test_what_is_still_running_is_not_known() -> None:
    """A run would be forecast from one that ended after it had started: a leak."""
    tested = backtest([_run(0, 100), _run(50, 3), _run(60, 1)])
    predicted, actual = tested.pairs
    assert actual.tolist() == [1.0]
    assert predicted.tolist() == pytest.approx([3.0])


def test_a_run_that_ends_as_the_next_starts_is_known() -> None:
    """Steps in sequence would each be forecast from the one before the last."""
    predicted, _ = backtest([_run(0, 5), _run(5, 7)]).pairs
    assert predicted.tolist() == pytest.approx([5.0])


def test_the_order_of_the_input_does_not_matter() -> None:
    """The ledger gives the newest first; the past would be forecast from the future."""
    runs = _history("drifting", keys=1)
    forwards, backwards = backtest(runs), backtest(runs[::-1])
    assert _min_max_ratio(forwards) == pytest.approx(_min_max_ratio(backwards))


def test_failures_are_not_forecast() -> None:
    """The error would be that of predicting how long it takes to fail."""
    assert not backtest([_run(0, 5), _run(10, 0.1, succeeded=False)]).is_forecast.any()


def test_a_failure_counts_for_success_alone() -> None:
    """A test that fails at once would be expected to be quick."""
    tested = backtest([_run(0, 10), _run(100, 10), _run(200, 0.1, succeeded=False)])
    (estimate,) = tested.estimates("shell")
    assert estimate.p50_seconds == pytest.approx(10)
    assert (estimate.n, estimate.source) == (2, "trained")
    assert estimate.success == pytest.approx(4 / 5)


def test_what_never_succeeded_is_not_published() -> None:
    """A step would be planned by how quickly it fails."""
    assert backtest([_run(0, 0.1, succeeded=False)]).kinds == []


def test_kinds_of_provider_are_kept_apart() -> None:
    """A container's start-up would be expected of a shell."""
    other = Run("docker", "a", 0.0, 9.0, 9.0, succeeded=True)
    tested = backtest([_run(0, 1), other])
    assert tested.kinds == ["docker", "shell"]
    assert [estimate.p50_seconds for estimate in tested.estimates("docker")] == pytest.approx([9])


def test_percentiles_are_in_order() -> None:
    """Backfill would promise what a time-out cuts off."""
    for kind in KINDS:
        for estimate in backtest(_history(kind, keys=1)).estimates("shell"):
            assert estimate.p80_seconds
            assert estimate.p95_seconds
            assert (
                estimate.p50_seconds
                <= estimate.p80_seconds
                <= estimate.p90_seconds
                <= estimate.p95_seconds
            )


def test_measures() -> None:
    """The figures of the report would mean something else than they say."""
    accuracy = backtest([_run(0, 10), _run(100, 20)]).accuracy("last run of key")
    assert accuracy
    assert (accuracy.points, accuracy.within) == (1, 0.0)
    assert accuracy.min_max_ratio == pytest.approx(0.5)
    assert accuracy.error == pytest.approx(0.5)
    assert accuracy.weighted_error == pytest.approx(0.5)
