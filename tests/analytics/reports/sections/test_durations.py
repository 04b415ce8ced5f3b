"""How long things took, and what has surely changed."""

from __future__ import annotations

from random import Random

import pandas as pd
import pytest

from analytics.reports.sections.durations import duration_sections, durations
from tests.analytics.reports.recorded import Shop, last_week, nothing, shop_history


def taken(key: str, seconds: list[float], state: str = "succeeded") -> pd.DataFrame:
    """Return runs of one key."""
    return pd.DataFrame({"key": key, "state": state, "seconds": seconds})


def noisy(middle: float, seed: int, count: int = 30) -> list[float]:
    """Return durations around ``middle``."""
    random = Random(seed)
    return [middle * random.uniform(0.9, 1.1) for _ in range(count)]


def test_what_became_slower_is_sure() -> None:
    """A step that takes a third longer would pass as chance."""
    [duration] = durations(taken("build", noisy(40, 1)), taken("build", noisy(30, 2)), "key")
    assert duration.is_sure
    assert duration.grown
    assert duration.grown.value == pytest.approx(1 / 3, abs=0.06)
    assert duration.grown.low < duration.grown.value < duration.grown.high


def test_chance_is_not_called_a_change() -> None:
    """People would look for a cause that is none."""
    [duration] = durations(taken("build", noisy(40, 1)), taken("build", noisy(40, 2)), "key")
    assert not duration.is_sure


def test_few_runs_say_nothing_of_a_change() -> None:
    """Two runs would make a trend."""
    [duration] = durations(taken("build", [10.0] * 4), taken("build", [5.0] * 40), "key")
    assert (duration.grown, duration.before) == (None, 5.0)


def test_only_what_succeeded_has_a_duration() -> None:
    """A build that fails at once would seem to have become fast."""
    both = pd.concat([taken("build", [40.0] * 5), taken("build", [0.1] * 50, "failed")])
    [duration] = durations(both, None, "key")
    assert (duration.runs, duration.p50) == (5, 40.0)


@pytest.mark.slow
def test_the_shop_is_slower_where_it_is() -> None:
    """The report would not name the steps that became slower, or name others."""
    _, steps = duration_sections(last_week(shop_history(Shop(slower=1.4))))
    [table] = steps.tables
    sure = {str(row[0]) for row in table.rows if row[-1] == "yes"}
    assert sure == {"shop/release/build", "shop/release/test"}


def test_of_nothing_there_is_no_section() -> None:
    """An empty chart would look like a fault."""
    assert all(
        not section.tables and not section.charts for section in duration_sections(nothing())
    )
