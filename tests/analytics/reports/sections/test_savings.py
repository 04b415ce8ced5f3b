"""What was held in vain, and what would have been cheaper."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analytics.reports.data.model import Bars, Range
from analytics.reports.sections.savings import (
    idle_share,
    opportunities,
    saving_sections,
    unused_memory,
)
from tests.analytics.reports.recorded import Shop, last_week, nothing, shop_history


def test_memory_never_used_is_found() -> None:
    """Half of a machine would stand reserved for nothing."""
    context = last_week(shop_history(Shop(slower=1.0)))
    unused = unused_memory(context.now)
    assert unused is not None
    # A test asks for 1024 MiB and peaks at 300 + 90.
    assert 0.5 < unused < 0.8
    held_section, _ = saving_sections(context)
    idle, memory = held_section.tables
    assert idle.rows[0][0] == "shop/release"
    assert memory.rows[0][0] == "shop/release/build"


def test_each_change_has_its_gain_and_interval() -> None:
    """A guess would be taken for a promise."""
    context = last_week(shop_history(Shop(slower=1.0)))
    kinds_and_keys = {
        (opportunity.kind, opportunity.key) for opportunity in opportunities(context.now)
    }
    assert ("memory", "shop/release/build") in kinds_and_keys
    assert ("split", "shop/release/test") in kinds_and_keys
    _, changes = saving_sections(context)
    [table] = changes.tables
    [chart] = changes.charts
    assert isinstance(chart, Bars)
    assert "split: shop/release/test" in chart.labels
    for row in table.rows:
        gain = row[3]
        assert isinstance(gain, Range)
        assert gain.low <= gain.value <= gain.high


def test_plans_that_promise_too_much_hold_idle_time() -> None:
    """Reserved time that nobody uses would not be seen."""
    slow = idle_share(last_week(shop_history(Shop(slower=1.0))).now)
    fast = idle_share(last_week(shop_history(Shop(slower=0.5))).now)
    assert slow is not None
    assert fast is not None
    assert fast > 0.3 > slow


def test_of_nothing_nothing_is_saved() -> None:
    """A share of no memory would break the report."""
    assert unused_memory(nothing().now) is None
    assert idle_share(nothing().now) is None
    assert opportunities(nothing().now) == []


@pytest.mark.slow
def test_the_same_step_of_the_same_release_can_be_kept() -> None:
    """A release would be built again and again, and nobody asks why."""
    everything = shop_history(Shop(slower=1.0))
    assert not [
        opportunity for opportunity in opportunities(everything) if opportunity.kind == "cache"
    ]
    again = replace(everything, steps=everything.steps.assign(inputs=everything.steps["key"]))
    by_key = {
        opportunity.key: opportunity
        for opportunity in opportunities(again)
        if opportunity.kind == "cache"
    }
    assert by_key["shop/release/build"].gain.expected == pytest.approx(40, abs=3)


def test_what_is_short_and_many_is_worth_packing() -> None:
    """A thousand steps of a second would each pay the start of a process."""
    everything = shop_history(Shop(slower=1.0))
    steps = everything.steps.assign(seconds=0.5, step=everything.steps.index.astype(str))
    many = steps.assign(run="one")
    history = type(everything)(everything.flows, everything.runs, many, {}, everything.providers)
    [packed] = [opportunity for opportunity in opportunities(history) if opportunity.kind == "pack"]
    assert packed.key == "shop/release"
    assert packed.gain.expected == pytest.approx(0.47, abs=0.03)
