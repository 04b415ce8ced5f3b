"""What stood out in what was measured, within the last day."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.insights.lifecycle import Severity
from analytics.insights.metric_anomalies import DAY_SECONDS, STEP_SECONDS, find_anomalies, of_series
from tasks.ledger.connection import Ledger
from tasks.ledger.samples import Sample, record_samples

NOW = 100 * DAY_SECONDS
TIMES = np.arange(NOW - 4 * DAY_SECONDS, NOW, STEP_SECONDS)
# Fits an isolation forest.
pytestmark = pytest.mark.integration


def series(last: float, steps: int = 3, base: float = 40.0) -> list[tuple[float, float]]:
    """Return four days that go up and down, and end with a few strange values."""
    values = base + 5 * np.sin(TIMES / DAY_SECONDS * 2 * np.pi)
    values += np.random.default_rng(1).normal(0, 1, len(TIMES))
    values[len(values) - steps :] = last
    return list(zip(TIMES.tolist(), values.tolist(), strict=True))


def test_what_stands_out_now_is_a_warning() -> None:
    """A service that eats the machine would be seen by who happens to look."""
    (finding,) = of_series("service/shop/dev/web/0", "memory_mib", series(400.0), NOW)
    assert finding.severity is Severity.WARNING
    assert finding.key == "service/shop/dev/web/0 memory_mib"
    assert finding.size.startswith("400 where")


def test_a_limit_is_critical() -> None:
    """A full disk would be an oddity among others."""
    (finding,) = of_series("machine", "disk_free_mib", series(500.0, base=90_000.0), NOW)
    assert finding.severity is Severity.CRITICAL


def test_what_is_usual_over_or_unknown_is_not_told() -> None:
    """The list of insights would be long and of no use."""
    assert not [*of_series("machine", "cpu_percent", series(41.0, steps=0), NOW)]
    assert not [*of_series("machine", "load_1m", series(400.0), NOW + 3 * DAY_SECONDS)]
    assert not [*of_series("machine", "disk_free_mib", series(9000.0, base=90_000.0), NOW)]
    assert not [*of_series("machine", "cpu_percent", series(400.0)[-200:], NOW)]
    assert not [*of_series("machine", "cpu_percent", [], NOW)]


def test_the_series_of_the_ledger_are_read(ledger: Ledger) -> None:
    """Nothing would ever be found."""
    record_samples(
        ledger, [Sample("machine", "cpu_percent", value, at) for at, value in series(400.0)]
    )
    assert [finding.key for finding in find_anomalies(ledger, NOW, 7.0)] == ["machine cpu_percent"]
