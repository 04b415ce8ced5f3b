"""What the next week should ask for, from flow runs to a sentence and a chart."""

from __future__ import annotations

import numpy as np
import pytest

from analytics.demand.chart import MEASURES, WEEK_HOURS, chart, outlooks, summary
from analytics.demand.hourly import HOUR_SECONDS
from analytics.history.runs import FLOW_KIND, Run

NOW = 21 * 24 * HOUR_SECONDS


def runs(days: int, *, kind: str = FLOW_KIND) -> list[Run]:
    """Build two half-hour runs at each hour from 8 to 12 of the last ``days``."""
    return [
        Run(kind, "flow/ship", start, start + HOUR_SECONDS / 2, HOUR_SECONDS / 2, succeeded=True)
        for day in range(days)
        for hour in range(8, 12)
        for start in [NOW - (days - day) * 24 * HOUR_SECONDS + hour * HOUR_SECONDS] * 2
    ]


def test_the_coming_days_look_like_the_last() -> None:
    """The chart would show what never comes, or shift the day by the time zone."""
    outlooks_by_measure = outlooks(runs(21), NOW)
    assert list(outlooks_by_measure) == list(MEASURES)
    day = outlooks_by_measure["runs"].demand.median[:24]
    assert np.flatnonzero(day > 1).tolist() == [8, 9, 10, 11]
    assert outlooks_by_measure["slots"].demand.median[9] == pytest.approx(1.0)
    assert {len(outlook.demand.median) for outlook in outlooks_by_measure.values()} == {WEEK_HOURS}
    assert outlooks_by_measure["runs"].start == NOW


def test_the_sentence_adds_up() -> None:
    """A reader would plan for a tenth of what comes."""
    sentence = summary(outlooks(runs(21), NOW))
    assert sentence.startswith(
        "About 8 flow runs in the next 24 h and 56 in 168 h; in the fullest hour"
    )


def test_runs_that_failed_or_go_on_count_too() -> None:
    """A server that is full of long runs would look free."""
    running = [
        Run(
            FLOW_KIND,
            "a",
            NOW - 72 * HOUR_SECONDS,
            float("nan"),
            1.0,
            succeeded=False,
            state="running",
        )
    ]
    assert outlooks(running, NOW)["slots"].past.tolist() == [1.0] * 72


def test_steps_and_too_short_a_history_say_nothing() -> None:
    """A chart would be drawn out of one afternoon, or count a test as a flow run."""
    assert outlooks([], NOW) == {}
    assert outlooks(runs(1), NOW) == {}
    assert outlooks(runs(21, kind="shell"), NOW) == {}


@pytest.mark.slow
def test_the_chart_is_a_picture() -> None:
    """The artifact would be broken."""
    assert chart(outlooks(runs(8), NOW)).startswith(b"\x89PNG")
