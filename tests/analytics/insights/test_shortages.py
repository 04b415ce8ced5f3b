"""What runs out, from steps to an insight."""

from __future__ import annotations

from analytics.demand.hourly import HOUR_SECONDS
from analytics.demand.step_demand import rows, step_outlooks
from analytics.history.runs import Run
from analytics.insights.lifecycle import Severity
from analytics.insights.shortages import capacities, shortages
from blocks.providers.interface import Resources
from tasks.plan import ProviderState

NOW = 21 * 24 * HOUR_SECONDS


def steps(cpus: float, cost: float = 0.0) -> list[Run]:
    """Return two steps at work all the time for three weeks, each for an hour."""
    return [
        Run(
            "shell", "shop/ci/build", hour * HOUR_SECONDS, (hour + 1) * HOUR_SECONDS, HOUR_SECONDS, succeeded=True,
            id=f"{hour}/{lane}", cpus=cpus, asked_memory_mib=100.0, cost=cost,
        )
        for hour in range(21 * 24)
        for lane in range(2)
    ]  # fmt: skip


def provider(cpus: float, price: float = 0.0) -> ProviderState:
    """Return one with so many CPUs and four places."""
    capacity = Resources(cpus=cpus, memory_mib=1024, slots=4)
    return ProviderState("local", "shell", capacity, capacity, price_per_hour=price)


def test_what_does_not_suffice_is_said_with_what_would() -> None:
    """Steps would queue for days, and nobody know what to add."""
    demand = step_outlooks(steps(cpus=4.0), NOW)
    (finding,) = shortages(demand, [provider(6.0)], NOW)
    assert (finding.key, finding.severity) == ("cpus", Severity.CRITICAL)
    assert "1 more of the largest provider" in finding.size


def test_what_is_paid_for_in_vain_is_said() -> None:
    """A rented machine would stand idle."""
    demand = step_outlooks(steps(cpus=1.0), NOW)
    findings = shortages(demand, [provider(8.0, price=2.0), provider(8.0, price=2.0)], NOW)
    assert {finding.severity for finding in findings} == {Severity.INFO}
    assert all("doing without saves" in finding.size for finding in findings)
    assert not shortages(demand, [provider(8.0), provider(8.0)], NOW)


def test_one_provider_is_always_kept() -> None:
    """The last one would be given back, and nothing run any more."""
    by_measure = {
        capacity.measure: capacity for capacity in capacities([provider(8.0), provider(2.0)])
    }
    assert (by_measure["cpus"].amount, by_measure["cpus"].unit, by_measure["cpus"].kept) == (
        10.0,
        8.0,
        8.0,
    )
    assert capacities([]) == []


def test_forecasts_are_rows() -> None:
    """Nobody but the models could read them."""
    demand = step_outlooks(steps(cpus=1.0, cost=0.5), NOW)
    assert list(demand) == ["steps", "cpus", "memory_mib", "money"]
    forecast_rows = rows(demand)
    assert len(forecast_rows) == 4 * 168
    assert all(row.low <= row.median <= row.high for row in forecast_rows)
    assert forecast_rows[0].hour == NOW


def test_tests_and_flow_runs_hold_no_place() -> None:
    """A test within a shard would count beside it."""
    assert step_outlooks([Run("shell", "t", 0.0, 1.0, 1.0, succeeded=True)], NOW) == {}
    assert step_outlooks([Run("prefect", "f", 0, 1, 1, succeeded=True, id="x")], NOW) == {}
