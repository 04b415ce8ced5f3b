"""What is expected of the next run."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.durations import DEFAULT_RATIO, RULES, Durations, loss
from analytics.history import Run

seconds = st.floats(min_value=0, max_value=1e6)


def _run(number: int, took: float, *, key: str = "a", succeeded: bool = True) -> Run:
    return Run(
        "shell", key, number * 1000.0, number * 1000.0 + took, took, succeeded, 10.0 + number
    )


def _model(*took: float) -> Durations:
    model = Durations()
    for number, each in enumerate(took):
        model.observe(_run(number, each))
    return model


def test_nothing_is_said_of_the_unknown() -> None:
    """A number would be made up for what has never run."""
    assert Durations().forecast("shell", "a") is None
    assert _model(1.0).forecast("docker", "a") is None


def test_one_run_is_expected_to_repeat_with_a_margin() -> None:
    """The second run of a step would have no estimate."""
    forecast = _model(4.0).forecast("shell", "a")
    assert forecast
    assert (forecast.p50, forecast.p90) == (4.0, 4.0 * DEFAULT_RATIO)


def test_a_steady_key_has_a_narrow_margin() -> None:
    """The 90th percentile would stay twice the median for ever."""
    forecast = _model(*[10.0, 10.1, 9.9] * 20).forecast("shell", "a")
    assert forecast
    assert forecast.p50 == pytest.approx(10, rel=0.02)
    assert forecast.p50 <= forecast.p90 < 10.3


def test_a_growing_key_is_forecast_by_its_last_run() -> None:
    """A key that changes would lag behind as the median does."""
    forecast = _model(*[1.2**power for power in range(20)]).forecast("shell", "a")
    assert forecast
    assert forecast.rule == "last run"


def test_an_outlier_does_not_move_a_steady_key() -> None:
    """One hiccup of the machine would spoil the next plan."""
    model = _model(*([10.0] * 6 + [90.0, 10.0] * 3 + [10.0] * 5 + [90.0]))
    forecast = model.forecast("shell", "a")
    assert forecast
    assert forecast.p50 == 10.0


def test_a_failure_counts_for_success_alone() -> None:
    """A test that fails at once would be expected to be quick."""
    model = _model(10.0, 10.0)
    model.observe(_run(3, 0.1, succeeded=False))
    (estimate,) = model.estimates("shell")
    assert estimate.p50_seconds == 10.0
    assert estimate.n == 2
    assert estimate.success == pytest.approx(4 / 5)


def test_what_never_succeeded_is_not_published() -> None:
    """A step would be planned by how quickly it fails."""
    model = Durations()
    model.observe(_run(1, 0.1, succeeded=False))
    assert model.estimates("shell") == []


def test_estimates_say_where_they_come_from() -> None:
    """The ledger could not tell them from plain medians, or would plan without memory."""
    (estimate,) = _model(1.0, 2.0).estimates("shell")
    assert (estimate.key, estimate.source, estimate.memory_mib) == ("a", "trained", 11.0)


def test_kinds_of_provider_are_kept_apart() -> None:
    """A container's start-up would be expected of a shell."""
    model = _model(1.0)
    model.observe(Run("docker", "a", 0.0, 9.0, 9.0, succeeded=True))
    assert model.kinds == ["docker", "shell"]
    assert [estimate.p50_seconds for estimate in model.estimates("docker")] == [9.0]


@given(st.lists(st.tuples(seconds, st.booleans()), min_size=1, max_size=60))
def test_every_forecast_lies_within_what_was_seen(history: list[tuple[float, bool]]) -> None:
    """An estimate would be negative, infinite, or beyond anything that has happened."""
    model = Durations()
    for number, (took, succeeded) in enumerate(history):
        model.observe(_run(number, took, succeeded=succeeded))
    seen = [took for took, succeeded in history if succeeded][-20:]
    forecast = model.forecast("shell", "a")
    assert bool(forecast) == bool(seen)
    if forecast:
        slack = 1e-6 * max(seen)
        assert min(seen) - slack <= forecast.p50 <= max(seen) + slack
        assert forecast.p50 <= forecast.p90 < float("inf")
        assert forecast.by_rule.keys() == RULES.keys()


@given(seconds, seconds)
def test_loss_is_symmetrical_and_bounded(one: float, other: float) -> None:
    """Too long and too short would not be equally bad, or one run outweigh all others."""
    assert 0 <= loss(one, other) == loss(other, one) < 1
    assert loss(one, one) == 0
