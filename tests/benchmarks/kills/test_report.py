"""Tests of the table and the bars of a campaign: everything that deviates misses one."""

from __future__ import annotations

import pytest

from benchmarks.kills.effects import Deviations
from benchmarks.kills.points import Victim
from benchmarks.kills.report import Campaign, Examined, table


def campaign(**deviating: object) -> Campaign:
    """Return a campaign of two kills on one workload that deviates like that."""
    given = {"struck": [Victim.RUN, Victim.WORKER], "runs": ["Crashed", "Completed"], **deviating}
    examined = Examined("wave1-0-many", **given)  # type: ignore[arg-type]
    return Campaign(2, [Victim.RUN, Victim.WORKER], [Victim.LANE], [examined])


def missed(seen: Campaign) -> list[str]:
    """Return the names of the bars that are missed."""
    return [name for name, bar in seen.bars().items() if not bar.met]


def test_a_campaign_without_deviations_meets_all_bars() -> None:
    """Broken: the campaign would fail whatever it sees."""
    assert missed(campaign(effects=Deviations((), (), ("a",)))) == []


@pytest.mark.parametrize(
    ("deviating", "bars"),
    [
        ({"effects": Deviations(("a",), (), ())}, ["lost"]),
        ({"effects": Deviations((), ("a",), ())}, ["doubled"]),
        ({"unrecorded": ["a has no log"]}, ["lost"]),
        ({"left": ["lane 7"]}, ["left"]),
        ({"runs": ["Crashed", "Crashed"]}, ["lost"]),
        ({"runs": []}, ["lost"]),
    ],
)
def test_each_deviation_misses_its_bar(deviating: dict[str, object], bars: list[str]) -> None:
    """Broken: a loss would pass unseen."""
    assert missed(campaign(**deviating)) == bars


def test_what_is_seen_between_waves_counts_and_kills_that_did_not_strike_do_not() -> None:
    """Broken: a process that stays would pass, or a campaign that killed nothing."""
    seen = campaign()
    seen.left.append("process 7")
    seen.problems.append("wave1-0-many: it failed")
    seen.missed.append(seen.kills.pop())
    assert missed(seen) == ["kills", "lost", "left"]


def test_the_table_counts_a_workload_for_each_victim_and_names_what_deviates() -> None:
    """Broken: nobody could see whose death loses what."""
    rows = table(campaign(effects=Deviations(("a",), (), ("b",)))).splitlines()
    assert [row.split()[0] for row in rows] == ["victim", "flow", "lane", "worker", "lost:"]
    assert rows[1].split()[2:] == ["1", "0", "1", "2", "1", "0", "1", "0"]
    assert rows[2].split()[1:] == ["0", "1", "0", "0", "0", "0", "0", "0"]
    assert rows[-1] == "lost: wave1-0-many: a"
