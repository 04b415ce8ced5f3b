"""Steps that join a running workload: in its order, resumed, and joined again."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import JsonValue

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.ready_queue import FormerRun, ReadyQueue
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.reuse.taken import Taken
from tasks.workload import Step, StepGraph
from tests.tasks.planning.fakes import (
    BAD,
    GOOD,
    FakeAdmission,
    FakeExecution,
    dispatcher,
    graph_of,
    provider,
    states,
    step,
)


def wrote(output: JsonValue) -> Outcome:
    """The outcome of a step that wrote that."""
    return GOOD.model_copy(update={"output": output})


def each(name: str, *needs: str, of: str, when: str = "") -> Step:
    """A step for each item of a list."""
    return replace(step(name, *needs, when=when), foreach=of)


LIST = graph_of(step("list"), each("each", "list", of="steps.list.output"), step("after", "each"))


async def run(
    graph: StepGraph, *outcomes: tuple[str, Outcome], former: FormerRun | None = None
) -> tuple[dict[str, StepResult], list[str]]:
    """Run a graph on two lanes; return what became of it, and what was started."""
    execution = FakeExecution({name: [outcome] for name, outcome in outcomes})
    fleet = FakeAdmission(provider("a", slots=2))
    results = await dispatcher(graph, fleet, execution, former=former).run()
    assert fleet.held == {} == fleet.waiting
    return results, [name for name, _ in execution.started]


async def test_a_list_is_expanded_when_it_is_known_and_waited_for() -> None:
    """What follows would start with a part of the items, or never."""
    results, started = await run(LIST, ("list", wrote(["x", "y", "z"])))
    assert list(results) == ["list", "each", "each[x]", "each[y]", "each[z]", "after"]
    assert set(states(results).values()) == {"succeeded"}
    assert started == ["list", "each[x]", "each[y]", "each[z]", "after"]
    assert (results["each"].parts, results["each"].outcome) == (3, None)
    assert results["each[x]"].group == "each"


async def test_an_empty_list_succeeds_with_nothing_done() -> None:
    """A day without files would be a failure."""
    results, started = await run(LIST, ("list", wrote([])))
    assert states(results) == {"list": "succeeded", "each": "succeeded", "after": "succeeded"}
    assert started == ["list", "after"]


async def test_an_item_that_fails_leaves_the_others_and_stops_what_follows() -> None:
    """One bad item would lose the rest, or what follows would run without it."""
    results, _ = await run(LIST, ("list", wrote(["x", "y"])), ("each[x]", BAD))
    assert states(results) == {
        "list": "succeeded",
        "each": "failed",
        "each[x]": "failed",
        "each[y]": "succeeded",
        "after": "not run",
    }
    assert results["each"].detail == "failed: 1 of 2: each[x]"


@pytest.mark.parametrize("output", [None, "x", {"a": 1}])
async def test_what_is_no_list_fails_its_step_with_field_and_value(output: JsonValue) -> None:
    """The whole workload would break, or stand still."""
    results, started = await run(LIST, ("list", wrote(output)))
    assert states(results) == {"list": "succeeded", "each": "failed", "after": "not run"}
    assert results["each"].detail.startswith("steps.each.foreach: is ")
    assert started == ["list"]


async def test_a_condition_is_decided_once_for_the_whole_list() -> None:
    """A list that was not wanted would be done."""
    graph = graph_of(
        step("list"),
        each("each", "list", of="steps.list.output", when="steps.list.output.size() > 1"),
        step("after", "each"),
    )
    results, _ = await run(graph, ("list", wrote(["x"])))
    assert states(results) == {"list": "succeeded", "each": "skipped", "after": "skipped"}


async def test_lists_of_lists_and_their_outputs_pass_on() -> None:
    """What the items wrote could not be used by what follows."""
    graph = graph_of(
        step("list"),
        each("each", "list", of="steps.list.output"),
        each("again", "each", of="steps.each.output.map(n, n * 10)"),
        step("end", "again", when="steps.again.succeeded && size(steps.again.output) == 2"),
    )
    results, started = await run(
        graph, ("list", wrote(["x", "y"])), ("each[x]", wrote(1)), ("each[y]", wrote(2))
    )
    assert started[-3:] == ["again[10]", "again[20]", "end"]
    assert results["end"].succeeded


def test_items_take_the_place_of_their_step_in_the_order() -> None:
    """What is on the critical path would wait behind what is not, because it came later."""
    graph = graph_of(*LIST.steps, step("first"), step("last"))
    order = ["first", "list", "each", "after", "last"]
    queue = ReadyQueue(graph, order, FormerRun(), {}, lambda: 0.0)
    queue.take(graph.step("list"))
    items = [f"i{n}" for n in range(12)]
    queue.settle(StepResult("list", StepState.SUCCEEDED, outcome=wrote(list(items))))
    assert [each.id for each in queue.ready] == ["first", *(f"each[{i}]" for i in items), "last"]


async def test_a_strategy_places_what_joins_as_it_places_the_rest() -> None:
    """`round_robin` would put a whole list on one provider."""
    execution = FakeExecution({"list": [wrote(list("wxyz"))]})
    fleet = FakeAdmission(provider("fast", 10.0, slots=4), provider("slow", slots=4))
    await dispatcher(LIST, fleet, execution, strategy="round_robin").run()
    where = [provider for name, provider in execution.started if name.startswith("each")]
    assert sorted(where) == ["fast", "fast", "slow", "slow"]


async def test_a_resumed_workload_finds_its_items_again() -> None:
    """Items that are done would be done again, or those that run get a second copy."""
    former = FormerRun(
        finished={"list": wrote(["x", "y", "z"]), "each[y]": GOOD}, started={"each[z]": "a"}
    )
    results, started = await run(LIST, former=former)
    assert started[0] == "each[z]"
    assert sorted(started) == ["after", "each[x]", "each[z]"]
    assert [name for name, result in results.items() if result.resumed] == ["list", "each[y]"]


async def test_a_matrix_that_needs_a_list_expands_in_each_combination() -> None:
    """Two combinations would share their items."""
    family = [
        replace(each(f"e[{n}]", "list", of="steps.list.output"), group="e", matrix=(("n", n),))
        for n in (1, 2)
    ]
    graph = graph_of(step("list"), *family, step("end", "e[1]", "e[2]", when="steps.e.succeeded"))
    results, _ = await run(graph, ("list", wrote(["x"])))
    assert list(results) == ["list", "e[1]", "e[1][x]", "e[2]", "e[2][x]", "end"]
    assert results["end"].succeeded


@pytest.mark.slow
@given(st.lists(st.text("ab", max_size=2), max_size=8), st.sets(st.integers(0, 7)))
def test_every_item_ends_once_and_the_list_with_the_last(items: list[str], bad: set[int]) -> None:
    """An item would be lost, or the workload never end."""
    graph = graph_of(step("list"), each("each", "list", of="steps.list.output"))
    execution = FakeExecution({"list": [wrote(list(items))]})
    failing: set[str] = set()

    def choose(started: Step) -> None:
        """Let some items fail."""
        if started.group and len(execution.started) - 2 in bad:
            failing.add(started.id)
            execution.outcomes[started.id] = [BAD]

    execution.on_start = choose
    results = asyncio.run(dispatcher(graph, FakeAdmission(provider("a")), execution).run())
    ran = [name for name, _ in execution.started if name != "list"]
    assert len(ran) == len(set(ran)) == len(items) == results["each"].parts
    assert {name for name in ran if not results[name].succeeded} == failing
    assert results["each"].succeeded is not bool(failing)


async def test_outcomes_of_other_runs_are_taken_where_a_step_would_run() -> None:
    """A step would be executed although its outcome is known, or count as done after a failure."""
    known = {"list": wrote(["x", "y"]), "each[x]": GOOD, "after": GOOD}

    def take(step: Step) -> Taken | None:
        """Return the outcome that is known."""
        return Taken(known[step.id], "from there") if step.id in known else None

    results, started = await run(LIST, former=FormerRun(take=take))
    assert started == ["each[y]"]
    assert set(states(results).values()) == {"succeeded"}
    assert [name for name, result in results.items() if result.taken] == [
        "list",
        "each[x]",
        "after",
    ]
    failed, _ = await run(LIST, ("each[y]", BAD), former=FormerRun(take=take))
    assert states(failed)["after"] == "not run"


def test_a_step_that_no_plan_expected_to_run_comes_last() -> None:
    """A condition that comes out otherwise than in the run before would end the workload."""
    graph = graph_of(step("a"), step("b", "a"))
    queue = ReadyQueue(graph, ("a",), FormerRun(), {}, lambda: 0.0)
    queue.take(queue.steps["a"])
    queue.settle(StepResult("a", StepState.SUCCEEDED))
    assert [each.id for each in queue.ready] == ["b"]
