"""The dispatcher starts the steps that are ready and admitted, and no others, whatever fails."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch.ready_queue import FormerRun
from tasks.distribute.dispatch.results import StepState
from tasks.workload import Step, StepGraph
from tests.tasks.planning.fakes import (
    BAD,
    GOOD,
    FakeAdmission,
    FakeExecution,
    FakeQueue,
    dispatcher,
    graph_of,
    provider,
    states,
    step,
    submit,
    until,
)


@st.composite
def graphs(draw: st.DrawFn) -> StepGraph:
    """Any graph of steps that demand up to two slots, some of which fail or retry."""
    count = draw(st.integers(1, 10))
    return graph_of(
        *(
            step(
                f"s{index}",
                *(
                    f"s{n}"
                    for n in sorted(draw(st.sets(st.integers(0, 9), max_size=3)))
                    if n < index
                ),
                slots=draw(st.integers(0, 2)),
                retries=draw(st.integers(0, 1)),
            )
            for index in range(count)
        )
    )


@pytest.mark.slow
@given(graphs(), st.data())
def test_every_step_ends_once_after_its_needs_and_nothing_stays_held(
    graph: StepGraph, data: st.DataObject
) -> None:
    """A step would run early, twice or never, or capacity would leak."""
    scripts = {
        s.id: data.draw(st.lists(st.sampled_from([GOOD, BAD]), max_size=2)) for s in graph.steps
    }
    admission = FakeAdmission(provider("a", slots=2), provider("b", speed=2.0, slots=1))
    execution = FakeExecution(scripts)
    good: set[str] = set()

    def check(started: Step) -> None:
        assert set(started.needs) <= good
        assert all(p.capacity.fits(admission.used(p.name)) for p in admission.providers.values())

    async def noting(item: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Remember what has succeeded."""
        outcome = await submit(item, attempt)
        good.add(item.id)
        return outcome

    execution.on_start = check
    results = asyncio.run(dispatcher(graph, admission, execution, submit=noting).run())
    assert list(results) == [s.id for s in graph.steps]
    assert admission.held == {} == admission.waiting
    assert {name for name, result in results.items() if result.succeeded} == good
    tried = [name for name, _ in execution.started]
    for item in graph.steps:
        assert tried.count(item.id) == results[item.id].attempts <= item.retries + 1
        runs = all(results[need].succeeded for need in item.needs)
        assert (results[item.id].attempts > 0) is runs
        assert (results[item.id].state is StepState.NOT_RUN) is not runs


async def test_a_step_starts_the_moment_its_own_needs_end() -> None:
    """A step would wait for a whole level, as for `slow` here."""
    graph = graph_of(step("slow"), step("quick"), step("next", "quick"))
    execution = FakeExecution()
    execution.gates["slow"] = asyncio.Event()
    running = asyncio.create_task(
        dispatcher(graph, FakeAdmission(provider("a", slots=2)), execution).run()
    )
    await until(lambda: "next" in execution.ended)
    assert "slow" not in execution.ended
    execution.gates["slow"].set()
    assert set(states(await running).values()) == {"succeeded"}


async def test_steps_start_in_the_order_of_the_plan() -> None:
    """The critical path would wait behind what is not urgent."""
    graph = graph_of(step("short"), step("long"), step("after", "long"))
    execution = FakeExecution()
    await dispatcher(
        graph, FakeAdmission(provider("a")), execution, {"short": 1, "long": 2, "after": 9}
    ).run()
    assert [name for name, _ in execution.started] == ["long", "after", "short"]


async def test_a_failure_stops_what_needs_it_and_nothing_else() -> None:
    """Independent steps would be lost, or dependent ones run on rubbish."""
    graph = graph_of(step("bad"), step("needs", "bad"), step("further", "needs"), step("free"))
    results = await dispatcher(
        graph, FakeAdmission(provider("a")), FakeExecution({"bad": [BAD]})
    ).run()
    assert states(results) == {
        "bad": "failed",
        "needs": "not run",
        "further": "not run",
        "free": "succeeded",
    }
    assert results["bad"].detail == "failed: exit code 3"
    assert results["needs"].detail == "needs bad, which failed"
    assert results["further"].detail == "needs needs, which was not run"


async def test_conditions_decide_over_the_needs_they_name() -> None:
    """A clean-up after a failure would never run, or a skipped branch would."""
    graph = graph_of(
        step("test"),
        step("clean", "test", when="!steps.test.succeeded && steps.test.exit_code == 3"),
        step("publish", "test", when="steps.test.succeeded"),
        step("announce", "publish"),
        step("report", "publish", when="steps.publish.skipped && project == 'p'"),
    )
    results = await dispatcher(
        graph,
        FakeAdmission(provider("a")),
        FakeExecution({"test": [BAD]}),
        variables={"project": "p"},
    ).run()
    assert states(results) == {
        "test": "failed",
        "clean": "succeeded",
        "publish": "skipped",
        "announce": "skipped",
        "report": "succeeded",
    }
    assert results["publish"].detail == "steps.test.succeeded is false"


async def test_a_step_that_asks_for_the_output_of_a_failed_one_is_not_run() -> None:
    """It would count as failed itself, for a reason that hides the first failure."""
    graph = graph_of(step("a"), step("b", "a", when="steps.a.output.n == 3"))
    results = await dispatcher(
        graph, FakeAdmission(provider("x")), FakeExecution({"a": [BAD]})
    ).run()
    assert states(results) == {"a": "failed", "b": "not run"}
    assert results["b"].detail == "needs a, which failed"


async def test_a_condition_that_cannot_be_evaluated_fails_its_step_alone() -> None:
    """One typo would take the whole run down."""
    graph = graph_of(step("a"), step("b", "a", when="steps.a.colour == 1"), step("c", "a"))
    results = await dispatcher(graph, FakeAdmission(provider("x")), FakeExecution()).run()
    assert states(results) == {"a": "succeeded", "b": "failed", "c": "succeeded"}
    assert "colour" in results["b"].detail


async def test_what_a_former_run_finished_is_not_repeated_and_what_it_started_is_adopted() -> None:
    """A resumed workload would do its work twice, or run a second copy beside the first."""
    graph = graph_of(step("done"), step("urgent"), step("halfway", "done"), step("last", "halfway"))
    execution = FakeExecution()
    results = await dispatcher(
        graph,
        FakeAdmission(provider("fast", 9.0), provider("slow")),
        execution,
        {"urgent": 50},
        former=FormerRun(finished={"done": GOOD}, started={"halfway": "slow"}),
    ).run()
    assert execution.started[0] == ("halfway", "slow")
    assert sorted(name for name, _ in execution.started) == ["halfway", "last", "urgent"]
    assert results["done"].resumed
    assert results["done"].outcome == GOOD


async def test_adoption_from_a_provider_that_is_gone_fails_and_says_so() -> None:
    """A second copy would be started while the first still runs there."""
    results = await dispatcher(
        graph_of(step("a")),
        FakeAdmission(provider("x")),
        FakeExecution(),
        former=FormerRun(started={"a": "gone"}),
    ).run()
    assert results["a"].detail == "no provider can take it (x: it runs on gone)"


async def test_a_refusal_at_run_time_fails_the_step_with_the_reason() -> None:
    """A provider that shrank since the plan would hang the workload."""
    admission = FakeAdmission(provider("x", slots=2))
    work = dispatcher(
        graph_of(step("a", slots=2), step("b", "a"), step("c")), admission, FakeExecution()
    )
    admission.providers["x"] = provider("x", slots=1)
    results = await work.run()
    assert states(results) == {"a": "failed", "b": "not run", "c": "succeeded"}
    assert results["a"].detail == "no provider can take it (x: lacks 1 slots)"


async def test_a_strategy_other_than_the_rule_keeps_its_providers() -> None:
    """`round_robin` would be planned and then not be done."""
    graph = graph_of(*(step(f"s{n}") for n in range(4)))
    execution = FakeExecution()
    fleet = FakeAdmission(provider("fast", 10.0, slots=4), provider("slow", slots=4))
    await dispatcher(graph, fleet, execution, strategy="round_robin").run()
    assert sorted(where for _, where in execution.started) == ["fast", "fast", "slow", "slow"]


async def test_an_urgent_step_passes_those_of_its_workload_that_wait_already() -> None:
    """What the critical path has just made ready would wait for all that is queued before it."""
    graph = graph_of(step("first"), step("urgent", "first"), step("a"), step("b"), step("c"))
    execution, seconds = FakeExecution(), {"first": 5.0, "urgent": 50, "a": 3, "b": 2, "c": 1}
    admission = FakeQueue(provider("x"))
    execution.gates["first"] = asyncio.Event()
    running = asyncio.create_task(dispatcher(graph, admission, execution, seconds).run())
    await until(lambda: len(admission.queue) == 3)
    execution.gates["first"].set()
    await running
    assert [name for name, _ in execution.started] == ["first", "urgent", "a", "b", "c"]
    assert not admission.queue
