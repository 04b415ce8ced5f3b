"""Bottlenecks by their share of the critical path."""

from __future__ import annotations

import pytest

from analytics.reports.data.model import Bars, Range
from analytics.reports.sections.critical_paths import QUEUEING, path_section, runs_as_steps
from tests.analytics.reports.recorded import Shop, last_week, nothing, shop_history


def test_what_runs_wait_for_comes_first() -> None:
    """A team would make a step faster for which no run waits."""
    section = path_section(last_week(shop_history(Shop(slower=1.0))))
    [table] = section.tables
    keys = [row[0] for row in table.rows]
    assert keys == ["shop/release/test", "shop/release/build", "shop/release/pack", QUEUEING]
    first = table.rows[0][1]
    assert isinstance(first, Range)
    assert first.value == pytest.approx(0.65, abs=0.05)
    assert "shop/release/test" in section.sentences[0]
    [chart] = section.charts
    assert isinstance(chart, Bars)
    assert sum(chart.values) == pytest.approx(1)


def test_a_step_counts_by_its_last_attempt() -> None:
    """A step that was tried again would stand twice on one path."""
    for steps in runs_as_steps(shop_history()):
        assert len({step.id for step in steps}) == len(steps)


def test_without_runs_there_is_no_section() -> None:
    """The share of no time would break the report."""
    assert path_section(nothing()).tables == ()
