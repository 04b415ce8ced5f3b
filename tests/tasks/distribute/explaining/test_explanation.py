"""The explanation that a dry run shows beside its plan."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tasks.distribute.explaining.binding import Link
from tasks.distribute.explaining.comparison import compare
from tasks.distribute.explaining.explanation import explanation_of
from tasks.distribute.explaining.explanation_report import (
    difference_sentence,
    strategy_rows,
    what_if,
)
from tasks.plan import FleetSnapshot
from tasks.planning.planner import plan
from tasks.planning.strategy import STRATEGIES
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

GRAPH = graph_of(*(step(name) for name in "abcd"), step("last", *"abcd"))
TIMES = estimates_of(dict.fromkeys([*"abcd", "last"], 10.0))
FLEET = FleetSnapshot(1, 0.0, (replace(provider("x"), price_per_hour=36.0), provider("slow", 0.1)))
PLAN = plan(GRAPH, TIMES, FLEET)
FOUND = explanation_of(GRAPH, TIMES, FLEET, PLAN, plan)


def test_every_strategy_has_a_row_against_the_chosen_one() -> None:
    """A user could not see what another strategy would cost, or gain."""
    rows = {row["strategy"]: row for row in strategy_rows(FOUND)}
    others = set(STRATEGIES) - {"planned"}
    assert set(rows) == {"planned (chosen)", *others}
    assert rows["planned (chosen)"]["makespan"] == "50.0 s"
    assert rows["planned (chosen)"]["cost"] == "0.5000"
    assert rows["fastest"]["against the chosen"] == "the same"
    assert rows["round_robin"]["against the chosen"].endswith("longer")
    assert rows["planned (chosen)"]["above the bound"] == "0.0%"
    assert rows["round_robin"]["above the bound"] != "0.0%"


def test_what_binds_what_would_help_and_what_to_do_are_told() -> None:
    """A user would have to find out by trying."""
    text = what_if(FOUND)
    assert "**The slots of x**: 30.0 s of the 50.0 s pass while a step waits" in text
    assert "a ⇢ b ⇢ c ⇢ d → last" in text
    assert "| x |  |  | 100% | 30.0 s |" in text
    assert "| twice the slots of x | 30.0 s | 20.0 s (40.0%) |  |" in text
    assert (
        "Tried without any gain: a split in two; one more provider like slow; last split in two."
        in text
    )
    assert "- slow gets no step" in text


def test_of_many_steps_it_is_said_that_few_changes_are_tried() -> None:
    """A user would take what is not listed for what does not help."""
    large = replace(PLAN, order=tuple(f"s{number}" for number in range(8_000)))
    text = what_if(replace(FOUND, plan=large))
    assert "Of a workload of 8000 steps, no more than 2 changes can be tried." in text
    assert "can be tried" not in what_if(FOUND)


def test_needs_that_bind_are_said_to_be_needs() -> None:
    """A user would look for a provider to blame."""
    graph = graph_of(step("a"), step("b", "a"))
    planned = plan(graph, TIMES, FLEET)
    text = what_if(explanation_of(graph, TIMES, FLEET, planned, plan))
    assert "**The needs alone**: the 20.0 s are one chain" in text


def test_a_long_chain_is_cut_in_the_middle() -> None:
    """Thousands of steps would fill the artifact."""
    chain = tuple(Link(f"s{n}", 1.0) for n in range(100))
    text = what_if(replace(FOUND, binding=replace(FOUND.binding, chain=chain)))
    assert "s7 → (84 more) s92 →" in text


def test_an_earlier_plan_of_the_same_workload_is_compared_with() -> None:
    """A user would not see what changed since the last dry run."""
    before = plan(GRAPH, TIMES, FLEET, "round_robin")
    assert f"Against plan 3: {difference_sentence(compare(before, PLAN))}." in what_if(
        FOUND, ("3", before)
    )


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ("planned", "as long; the same order and providers"),
        ("cheapest", r"450 s longer; cost -0.5000; 5 moved: a \(x to slow\), b \(x to slow\), "),
    ],
)
def test_a_difference_is_one_line(strategy: str, message: str) -> None:
    """It would fill the log, or say numbers without what they mean."""
    text = difference_sentence(compare(PLAN, plan(GRAPH, TIMES, FLEET, strategy)))
    assert text.startswith(message.replace("\\", ""))
    grown = replace(PLAN, order=("last", *"dcba"), placements=PLAN.placements[1:])
    assert "removed: a" in difference_sentence(compare(PLAN, replace(grown, order=tuple("bcd"))))
