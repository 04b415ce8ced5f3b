"""Whether capacity will do for the next week."""

from __future__ import annotations

from dataclasses import replace

from analytics.reports.sections.outlook import outlook_section
from blocks.providers.interface import Resources
from tests.analytics.reports.recorded import CLOUD, Shop, last_week, nothing, shop_history


def test_enough_is_enough() -> None:
    """Every report would cry for more machines."""
    section = outlook_section(last_week(shop_history()))
    assert section.sentences == ("Nothing should run out.",)
    assert [row[0] for row in section.tables[0].rows] == ["slots", "CPUs", "memory (MiB)"]


def test_what_is_likely_to_run_out_is_named() -> None:
    """Steps would wait for each other, and nobody have been told."""
    everything = shop_history(Shop(runs_a_day=1))
    small = replace(CLOUD, capacity=Resources(cpus=8, memory_mib=16384, slots=1))
    busy = everything.steps.assign(slots=40.0)
    section = outlook_section(last_week(replace(everything, steps=busy, providers=(small,))))
    assert "slots" in section.sentences[0]
    assert "run out" in section.sentences[0]


def test_a_day_is_too_little() -> None:
    """A forecast would be made up."""
    section = outlook_section(last_week(shop_history(Shop(days=1))))
    assert "too little" in section.sentences[0]
    assert not outlook_section(nothing()).sentences


def test_one_project_says_nothing_of_what_all_share() -> None:
    """The capacity would seem to be there for one project alone."""
    assert not outlook_section(last_week(shop_history(), "shop")).sentences
