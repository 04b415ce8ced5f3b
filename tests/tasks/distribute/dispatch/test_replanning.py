"""Replanning while a workload runs: it ends sooner under drift, and does nothing without."""

from __future__ import annotations

import asyncio
import math
import random
from dataclasses import replace

import pytest

from tasks.distribute.dispatch import replanning
from tasks.distribute.dispatch.events import Hooks, Replanned
from tasks.distribute.dispatch.ready_queue import FormerRun, ReadyQueue
from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.estimates import Estimate
from tasks.workload import Step, StepGraph
from tests.tasks.distribute.virtual_time import simulate
from tests.tasks.planning.fakes import (
    GOOD,
    FakeAdmission,
    FakeExecution,
    dispatcher,
    estimates_of,
    graph_of,
    provider,
    step,
)

pytestmark = pytest.mark.slow

FLEET = (provider("slow", 0.5), provider("a"), provider("b"), provider("fast", 4.0))
ESTIMATE = Estimate("old", 10.0, 15.0, n=3, p80_seconds=12.0, kind="shell")
SPEED = {each.name: each.speed for each in FLEET}


@pytest.fixture(autouse=True)
def first_plans(monkeypatch: pytest.MonkeyPatch) -> None:
    """Improve no plan, so that nothing has to be compiled."""
    monkeypatch.setattr(replanning, "_MAX_SECONDS", 0.0)


def layered(seed: int) -> tuple[StepGraph, dict[str, float]]:
    """Three families, each of whose steps need some of those before."""
    chance = random.Random(seed)
    steps: list[Step] = []
    for number in range(30):
        name = f"{('map', 'sort', 'join')[number // 10]}-{number}"
        before = [each.id for each in steps[max(0, number - 12) : number]]
        needs = chance.sample(before, min(len(before), chance.randrange(3)))
        steps.append(step(name, *needs))
    return graph_of(*steps), {each.id: chance.uniform(5, 60) for each in steps}


def run(
    seed: int, factor: dict[str, float], strategy: str = "planned"
) -> tuple[float, list[Replanned]]:
    """Run a workload whose steps take so many times as long, by provider or family."""
    graph, seconds = layered(seed)

    def takes(item: Step, where: str) -> float:
        longer = factor.get(where, 1.0) * factor.get(item.id.split("-")[0], 1.0)
        return seconds[item.id] / SPEED[where] * longer

    makespan, replans, results = simulate(graph, estimates_of(seconds), FLEET, takes, strategy)
    assert all(result.succeeded for result in results.values())
    return makespan, replans


@pytest.mark.parametrize("factor", [{"fast": 2.0}, {"fast": 4.0}, {"sort": 3.0, "fast": 2.0}])
def test_under_drift_it_ends_sooner(
    factor: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Work would wait to the end for a provider that is half as fast as believed."""
    with_replanning = [run(seed, factor) for seed in range(4)]
    assert all(replans for _, replans in with_replanning)
    monkeypatch.setattr(replanning, "_PROVIDER_DRIFT", math.inf)
    monkeypatch.setattr(replanning, "_WORK_DRIFT", math.inf)
    without_replanning = [run(seed, factor) for seed in range(4)]
    assert not any(replans for _, replans in without_replanning)
    assert sum(each for each, _ in with_replanning) < 0.97 * sum(
        each for each, _ in without_replanning
    )


def test_it_says_why_and_by_how_much_the_end_moves() -> None:
    """A user would see another order without a reason."""
    makespan, replans = run(1, {"fast": 2.0})
    last = replans[-1]
    assert "fast takes" in replans[0].sentence
    assert replans[0].new_end > replans[0].old_end
    assert last.new_end == pytest.approx(makespan, rel=0.15)
    assert "as expected after all" in replace(last, reasons=()).sentence


def test_without_drift_nothing_is_planned_again() -> None:
    """Each run would pay for plans that change nothing."""
    assert run(2, {})[1] == []


def test_providers_of_another_strategy_are_chosen_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """`least_loaded` would go on loading what is ten times slower than believed."""
    makespan, replans = run(3, {"a": 10.0}, strategy="least_loaded")
    assert replans
    monkeypatch.setattr(replanning, "_PROVIDER_DRIFT", math.inf)
    monkeypatch.setattr(replanning, "_WORK_DRIFT", math.inf)
    assert makespan < run(3, {"a": 10.0}, strategy="least_loaded")[0]


async def test_a_stored_plan_is_left_as_it_is() -> None:
    """A plan that was asked for by its id would not be what runs."""
    graph = graph_of(*(step(f"s{number}") for number in range(12)))
    replans: list[Replanned] = []
    work = dispatcher(
        graph,
        FakeAdmission(provider("a")),
        FakeExecution(),
        {f"s{number}": 50 for number in range(12)},
        "stored",
        hooks=Hooks(on_replanned=replans.append),
    )
    await work.run()
    assert replans == []


def test_what_a_step_became_is_planned_before_it_and_what_ended_is_not() -> None:
    """Items of a list would be forgotten, or finished steps be planned once more."""
    graph = graph_of(
        step("list"), replace(step("each", "list"), foreach="steps.list.output"), step("z", "each")
    )
    queue = ReadyQueue(graph, ["list", "each", "z"], FormerRun(), {}, lambda: 0.0)
    outcome = GOOD.model_copy(update={"output": ["x", "y"]})
    queue.take(graph.steps[0])
    queue.settle(StepResult("list", StepState.SUCCEEDED, outcome=outcome))
    assert [(each.id, each.needs) for each in queue.remaining()] == [
        ("each[x]", ()),
        ("each[y]", ()),
        ("each", ("each[x]", "each[y]")),
        ("z", ("each",)),
    ]
    assert queue.is_expanded("each")
    queue.reorder(["each[y]", "each[x]", "each", "z"])
    assert [each.id for each in queue.ready] == ["each[y]", "each[x]"]
    queue.reorder(["z", "each"])
    assert [each.id for each in queue.ready] == ["each[x]", "each[y]"]


async def test_a_run_that_is_cancelled_while_it_plans_again_ends() -> None:
    """A cancelled workload would hang until the planner is done."""
    graph = graph_of(*(step(f"s{number}") for number in range(40)))
    execution = FakeExecution()
    work = dispatcher(
        graph,
        FakeAdmission(provider("a"), provider("b")),
        execution,
        {f"s{number}": 50 for number in range(40)},
    )
    running = asyncio.create_task(work.run())
    while len(execution.ended) < 5:  # noqa: ASYNC110 - any state may be waited for
        await asyncio.sleep(0)
    work.cancel()
    results = await asyncio.wait_for(running, 20)
    assert len(results) == 40


def test_what_is_known_of_other_kinds_of_provider_is_scaled_too() -> None:
    """A new plan would send a step to a kind on which it takes ten times as long."""
    other = replace(ESTIMATE, p50_seconds=90.0, p90_seconds=120.0, p80_seconds=None, kind="cloud")
    scaled = replanning._scaled(replace(ESTIMATE, others=(other,)), "new", 2.0)
    assert (scaled.key, scaled.p50_seconds, scaled.p90_seconds) == ("new", 20, 30)
    assert (scaled.p80_seconds, scaled.p95_seconds) == (24, None)
    assert scaled.on("cloud").p50_seconds == 180


def test_improving_a_plan_takes_its_share_of_the_time_that_is_really_left() -> None:
    """Ten seconds of tiny steps would be planned again for a second, as if they took an hour."""
    steps = [step(name) for name in "abcd"]
    known = estimates_of(dict.fromkeys("abcd", 8.0))
    for fleet, seconds in (((provider("x", 4.0),), 8.0), ((provider("x", 2.0, slots=8),), 4.0)):
        snapshot = FakeAdmission(*fleet).fleet()
        assert replanning._shortest(steps, known, snapshot) == seconds
