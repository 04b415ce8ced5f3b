"""Tests of forecasts, which replace the earlier ones."""

from __future__ import annotations

from tasks.ledger.connection import Ledger
from tasks.ledger.forecasts import HourForecast, forecasts, publish_forecasts

HOURS = [HourForecast("runs", 3600.0 * hour, 2.0, 2.5, 1.0, 4.0) for hour in range(3)]


def test_the_last_forecast_stands(ledger: Ledger) -> None:
    """Hours that are over, or what nobody asks for any more, would be planned for."""
    publish_forecasts(ledger, [*HOURS, HourForecast("cpus", 0.0, 1.0, 1.0, 0.0, 2.0)], 10.0)
    assert forecasts(ledger, "runs") == HOURS
    publish_forecasts(ledger, HOURS[1:], 20.0)
    assert forecasts(ledger) == HOURS[1:]
    publish_forecasts(ledger, [], 30.0)
    assert forecasts(ledger) == []
