"""How much of the capacity was used."""

from __future__ import annotations

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.reports.data.model import Span
from analytics.reports.sections.utilisation import (
    busy_seconds,
    held_share,
    utilisation_figure,
    utilisation_section,
)
from tests.analytics.reports.recorded import CLOUD, last_week, nothing, shop_history

PERIODS = st.lists(st.tuples(st.floats(-50, 150), st.floats(0, 100)), max_size=20)


def steps(times: list[tuple[float, float]]) -> pd.DataFrame:
    """Return steps of one slot in the cloud, each from its start for so many seconds."""
    return pd.DataFrame(
        {
            "provider": "cloud",
            "started_at": [start for start, _ in times],
            "ended_at": [start + seconds for start, seconds in times],
            "slots": 1.0,
            "cpus": 4.0,
            "asked_mib": 0.0,
        }
    )


def test_what_is_held_is_weighed_by_time() -> None:
    """A provider that is full for an hour a day would seem full."""
    shares = held_share(CLOUD, steps([(0, 50), (90, 30)]), Span(0, 100))
    assert shares["slots"] == pytest.approx(60 / 800)
    assert shares["cpus"] == pytest.approx(240 / 800)


def test_overlapping_steps_are_busy_once() -> None:
    """A provider would be at work for more than all of the time."""
    assert busy_seconds(CLOUD, steps([(0, 50), (20, 10), (40, 30), (90, 50)]), Span(0, 100)) == 80


@given(PERIODS)
def test_nobody_is_busy_for_longer_than_the_period(times: list[tuple[float, float]]) -> None:
    """A share of more than everything would be shown."""
    busy = busy_seconds(CLOUD, steps(times), Span(0, 100))
    assert 0 <= busy <= 100 + 1e-9


def test_the_providers_of_the_shop_are_shown() -> None:
    """Nobody would see that a provider stands idle."""
    context = last_week(shop_history())
    [table] = utilisation_section(context).tables
    assert [row[0] for row in table.rows] == ["cloud", "local"]
    assert utilisation_figure(context).value
    assert utilisation_section(nothing()).tables == ()
