"""Plans as tables, text and charts."""

from __future__ import annotations

from dataclasses import replace

import pytest

from blocks.providers.interface import End, Outcome
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.distribute.explaining.gantt import (
    Bar,
    Label,
    bars_of_plan,
    bars_of_results,
    gantt,
    labels,
    lanes,
)
from tasks.distribute.explaining.report import (
    plan_rows,
    plan_sentence,
    plan_summary,
    reuse_sentences,
)
from tasks.plan import FleetSnapshot
from tasks.planning.core.usage import curves
from tasks.planning.outlook import with_eta
from tasks.planning.planner import plan
from tasks.reuse.taken import Reuse
from tests.tasks.planning.fakes import estimates_of, graph_of, provider, step

GRAPH = graph_of(step("a"), step("b", "a"), step("c"))
FLEET = FleetSnapshot(1, 0.0, (provider("x"), provider("y", 0.5), provider("tiny", slots=0)))
PLAN = plan(GRAPH, estimates_of({"a": 10, "b": 20, "c": 5}), FLEET)


def result_of_run(
    name: str, start: float, end: float, state: StepState = StepState.SUCCEEDED
) -> StepResult:
    """A step that ran from start to end."""
    how = End.SUCCEEDED if state is StepState.SUCCEEDED else End.FAILED
    outcome = Outcome(end=how, started_at=1000 + start, ended_at=1000 + end, exit_code=0)
    return StepResult(name, state, "", "x", outcome, 1, 1000 + start - 0.5)


RESULTS = {
    "a": result_of_run("a", 0, 8),
    "b": result_of_run("b", 8, 33),
    "c": result_of_run("c", 0, 10),
}


def test_a_plan_says_where_when_and_why() -> None:
    """A user could not tell why a step is where it is."""
    rows = plan_rows(PLAN, {"a": 0.0, "b": 0.0, "c": 20.0})
    assert [row["step"] for row in rows] == ["a", "b", "c"]
    assert rows[0] == {
        "step": "a",
        "provider": "x",
        "start": "0.0 s",
        "end": "10.0 s",
        "takes": "10.0 s",
        "cost": "",
        "critical": "yes",
        "slack": "none",
        "why": "y would end it at 20.0 s; tiny lacks 1 slots",
    }


def test_slack_is_told_where_it_is_known() -> None:
    """A user could not tell which step may be late."""
    assert plan_rows(PLAN, {"a": 0.0, "b": 0.0, "c": 20.0})[2]["slack"] == "20.0 s"
    assert plan_rows(PLAN)[2]["slack"] == ""


def test_the_summary_holds_the_figures_the_caveats_and_the_critical_path() -> None:
    """The artifact would not say how good the plan is, nor what it rests on."""
    text = plan_summary(replace(PLAN, warnings=("x is busy",), cost=1.5))
    assert "**3 steps in 30.0 s**" in text
    assert "lower bound of any plan: 30.0 s, reached" in text
    assert "cost 1.5000" in text
    assert "critical path: a → b" in text
    assert "caution: x is busy" in text


def test_the_log_has_the_plan_in_one_line() -> None:
    """Who reads the log alone would not know what was going to happen."""
    sentence = plan_sentence(replace(PLAN, warnings=("x is busy",)))
    assert sentence == "Planned 3 steps in 30.0 s on x, y, estimates: history; caution: x is busy"


def test_a_long_critical_path_is_cut_in_the_middle() -> None:
    """Thousands of steps would fill the artifact."""
    text = plan_summary(replace(PLAN, critical_path=tuple(f"s{n}" for n in range(100))))
    assert "s5 → (88 more) → s94" in text


def test_lanes_hold_no_overlap_and_are_as_few_as_can_be() -> None:
    """Bars would hide each other, or the chart be twice as high."""
    bars = [Bar("a", "x", 0, 5), Bar("b", "x", 1, 3), Bar("c", "x", 3, 9), Bar("d", "y", 0, 1)]
    assert [(name, [bar.step for bar in row]) for name, row in lanes(bars)] == [
        ("x", ["a"]),
        ("x", ["b", "c"]),
        ("y", ["d"]),
    ]


def test_labels_stand_where_there_is_room_and_never_on_each_other() -> None:
    """A short bar would have no name, or one that hides that of its neighbour."""
    row = [
        Bar("compile", "x", 0, 40),
        Bar("unit-tests", "x", 41, 42),
        Bar("end-to-end-tests", "x", 60, 61, "failed"),
        Bar("lint", "x", 61, 62),
    ]
    placed = [label and (label.at, label.align) for label in labels(row, 100.0)]
    assert placed == [(20.0, "center"), (42, "left"), None, (62, "left")]
    assert labels([Bar("last-of-all", "x", 99, 100)], 100.0) == [Label(99, "right")]


@pytest.mark.integration  # importing matplotlib takes a second
def test_a_chart_of_plan_and_actual_is_a_picture() -> None:
    """The artifact would show a broken image."""
    results = RESULTS | {"c": result_of_run("c", 0, 10, StepState.FAILED)}
    actual = bars_of_results(results, PLAN.critical_path)
    assert [(bar.kind, bar.start, bar.end) for bar in actual] == [
        ("critical", 0, 8),
        ("critical", 8, 33),
        ("failed", 0, 10),
    ]
    assert gantt([("Plan", bars_of_plan(PLAN)), ("Actual", actual)]).startswith(b"\x89PNG")


@pytest.mark.integration
def test_a_chart_marks_what_decides_the_end_and_shows_how_full_providers_are() -> None:
    """The picture would fail for the steps or the providers that it leaves out, or hide both."""
    bare = gantt([("Plan", bars_of_plan(PLAN))])
    usage_curves = list(curves(GRAPH, PLAN, FLEET).values())
    full = gantt([("Plan", bars_of_plan(PLAN))], ["a", "b", "not drawn"], usage_curves)
    assert png_height(full) > png_height(bare)
    assert gantt([("Plan", [])], ["a"], usage_curves * 20).startswith(b"\x89PNG")


def png_height(picture: bytes) -> int:
    """The height of a PNG in pixels, as its header says."""
    return int.from_bytes(picture[20:24], "big")


@pytest.mark.integration
@pytest.mark.parametrize(
    "bars",
    [
        [],
        [Bar("a", "x", 0.0, 0.0)],
        [Bar(str(number), "x", number % 7, number % 7 + 1.0) for number in range(200)],
    ],
    ids=["none", "one of no length", "many"],
)
def test_a_chart_of_nothing_or_of_very_many_is_still_drawn(bars: list[Bar]) -> None:
    """An empty or a huge workload would fail for its picture."""
    assert gantt([("t", bars)]).startswith(b"\x89PNG")


def test_the_plan_says_what_is_taken_over_and_why_the_rest_runs() -> None:
    """A user could not tell why an hour of work is planned, or why it is not."""
    reuse = Reuse(taken={"z": "cached: there", "y": "cached: there"}, reasons={"a": "it failed"})
    rows = plan_rows(PLAN, None, reuse)
    assert [row["step"] for row in rows] == ["a", "b", "c", "z", "y"]
    assert rows[0]["why"] == "runs: it failed; y would end it at 20.0 s; tiny lacks 1 slots"
    assert (rows[3]["why"], rows[3]["provider"]) == ("cached: there", "")
    assert rows[3].keys() == rows[0].keys()
    sentences = ["2 steps (z, y): cached: there", "1 step (a): runs, it failed"]
    assert reuse_sentences(reuse) == sentences
    assert f"- {sentences[0]}" in plan_summary(PLAN, reuse)
    many = Reuse(reasons={f"s{n}": f"reason {n}" for n in range(20)})
    assert reuse_sentences(many)[-1] == "8 more such groups of steps"


def test_a_plan_of_nothing_is_one_too() -> None:
    """A run whose steps are all taken over would fail where it is planned."""
    nothing = with_eta(graph_of(), {}, FLEET, plan(graph_of(), {}, FLEET))
    assert (nothing.order, nothing.makespan_seconds, nothing.eta) == ((), 0.0, None)
    assert plan_sentence(nothing) == "Planned nothing: no step has to be executed"
