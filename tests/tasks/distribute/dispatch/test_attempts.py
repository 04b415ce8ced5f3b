"""Attempts: each is placed anew, waits its turn, and releases its capacity however it ends."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import pytest

from blocks.providers.interface import Outcome, Resources
from tasks.claim import AdmissionDecision, Claim, Queued
from tasks.distribute.dispatch.events import Hooks, WorkloadProgress
from tasks.distribute.dispatch.places import LOOK_SECONDS
from tasks.distribute.dispatch.results import StepState
from tasks.errors import StaleFenceError
from tasks.plan import ProviderState
from tasks.workload import Step
from tests.tasks.planning.fakes import (
    BAD,
    FakeAdmission,
    FakeExecution,
    dispatcher,
    graph_of,
    provider,
    states,
    step,
    until,
)


class CountingAdmission(FakeAdmission):
    """Counts how often it is asked, and the most that is held of a provider."""

    asked = 0

    def __init__(self, *providers: ProviderState) -> None:
        super().__init__(*providers)
        self.most = dict.fromkeys(self.providers, 0)

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Count it."""
        self.asked += 1
        answer = super().admit(claim)
        used = self.used(claim.provider).slots
        self.most[claim.provider] = max(self.most[claim.provider], used)
        return answer


async def test_a_retry_avoids_the_provider_that_failed() -> None:
    """A broken provider would take all the retries of a step."""
    graph = graph_of(step("a", retries=2))
    execution = FakeExecution({"a": [BAD, BAD]})
    fleet = FakeAdmission(provider("x", 9.0), provider("y", 3.0), provider("z", 1.0))
    results = await dispatcher(graph, fleet, execution).run()
    assert execution.started == [("a", "x"), ("a", "y"), ("a", "z")]
    assert (results["a"].state, results["a"].attempts) == (StepState.SUCCEEDED, 3)


async def test_a_retry_goes_back_where_there_is_no_other_provider() -> None:
    """With one provider, a retry would find no place."""
    execution = FakeExecution({"a": [BAD]})
    await dispatcher(graph_of(step("a", retries=1)), FakeAdmission(provider("x")), execution).run()
    assert execution.started == [("a", "x"), ("a", "x")]


async def test_who_waits_is_told_its_place_and_starts_when_others_make_room() -> None:
    """A queued step would look stuck, or never notice that another workload has ended."""
    admission = FakeAdmission(provider("x"))
    admission.foreign["x"] = Resources(slots=1)
    queued_events: list[tuple[str, Queued]] = []
    progress: list[WorkloadProgress] = []
    execution = FakeExecution()
    running = asyncio.create_task(
        dispatcher(
            graph_of(step("a")),
            admission,
            execution,
            hooks=Hooks(
                on_queued=lambda name, queued: queued_events.append((name, queued)),
                on_progress=progress.append,
            ),
        ).run()
    )
    await until(lambda: bool(queued_events) and bool(progress))
    assert queued_events[0] == ("a", Queued(1, "x is full"))
    assert progress[0] == WorkloadProgress(done=0, total=1, running=0, queued=1)
    assert execution.started == []
    admission.foreign.clear()
    admission.changes.set()
    assert states(await running) == {"a": "succeeded"}
    assert progress[-1] == WorkloadProgress(done=1, total=1, running=0, queued=0)


async def test_a_claim_moves_with_the_step() -> None:
    """A step would leave its place in a queue that it no longer waits in, blocking others there."""
    admission = FakeAdmission(provider("fast", 10.0), provider("slow"))
    admission.foreign = {"fast": Resources(slots=1), "slow": Resources(slots=1)}
    queued_events: list[str] = []
    work = dispatcher(
        graph_of(step("a")),
        admission,
        FakeExecution(),
        {"a": 5},
        hooks=Hooks(on_queued=lambda _name, queued: queued_events.append(queued.reason)),
    )
    running = asyncio.create_task(work.run())
    await until(lambda: queued_events == ["fast is full"])
    del admission.foreign["slow"]
    admission.changes.set()
    await running
    assert admission.waiting == {}
    assert [claim.provider for claim in admission.granted] == ["slow"]


async def test_cancelling_stops_what_runs_and_frees_everything() -> None:
    """A cancelled workload would go on, or keep its capacity."""
    admission = FakeAdmission(provider("x"))
    execution = FakeExecution()
    execution.gates["a"] = asyncio.Event()
    work = dispatcher(graph_of(step("a"), step("b"), step("c", "a")), admission, execution)
    running = asyncio.create_task(work.run())
    await until(lambda: bool(execution.started))
    work.cancel()
    assert states(await running) == dict.fromkeys("abc", "cancelled")
    assert execution.ended == []
    assert admission.held == {} == admission.waiting


async def test_a_flow_that_is_cancelled_frees_everything() -> None:
    """Cancelling in Prefect's UI would leave steps running and capacity held."""
    admission = FakeAdmission(provider("x"))
    execution = FakeExecution()
    execution.gates["a"] = asyncio.Event()
    running = asyncio.create_task(
        dispatcher(graph_of(step("a"), step("b")), admission, execution).run()
    )
    await until(lambda: bool(execution.started))
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert execution.ended == []
    assert admission.held == {} == admission.waiting


async def test_a_submit_that_breaks_before_it_tries_gives_back_what_was_granted() -> None:
    """Prefect's API being away for a moment would take a slot for good."""

    async def broken(item: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Fail as Prefect does before it runs anything."""
        raise ConnectionError("no API")

    admission = FakeAdmission(provider("x"))
    results = await dispatcher(
        graph_of(step("a"), step("b")), admission, FakeExecution(), submit=broken
    ).run()
    assert results["a"].detail == "ConnectionError: no API"
    assert admission.held == {}


async def test_a_step_that_succeeded_stays_so_when_its_wrapping_breaks_afterwards() -> None:
    """Work that is done and recorded would count as failed, and be repeated."""

    async def broken(item: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Fail as Prefect does when it cannot report the end."""
        await attempt()
        raise ConnectionError("no API")

    results = await dispatcher(
        graph_of(step("a")), FakeAdmission(provider("x")), FakeExecution(), submit=broken
    ).run()
    assert results["a"].succeeded
    assert results["a"].detail == "ConnectionError: no API"


async def test_a_workload_that_was_taken_over_stops() -> None:
    """Two runs would work on the same steps."""

    class TakenOver(FakeExecution):
        """A ledger whose fence has moved on after the first step."""

        async def __call__(self, step: Step, provider: str) -> Outcome:
            """Refuse to record the begin, as the ledger does."""
            if self.started:
                raise StaleFenceError("taken over")
            return await super().__call__(step, provider)

    admission, execution = FakeAdmission(provider("x")), TakenOver()
    with pytest.raises(StaleFenceError):
        await dispatcher(graph_of(step("a"), step("b", "a")), admission, execution).run()
    assert [name for name, _ in execution.started] == ["a"]
    assert admission.held == {}


async def test_the_place_of_an_ended_step_passes_to_the_next() -> None:
    """Short steps would spend their time in asking for what their workload holds already."""
    admission, execution = CountingAdmission(provider("x")), FakeExecution()
    steps = [step(name) for name in "abc"]
    short = dict.fromkeys("abc", 0.5)
    await dispatcher(graph_of(*steps), admission, execution, short).run()
    assert [name for name, _ in execution.started] == ["a", "b", "c"]
    assert [claim.owner for claim in admission.granted] == ["w1/a", "w1/b", "w1/c"]
    assert (admission.asked, admission.held) == (1, {})


async def test_a_place_does_not_pass_on_where_others_wait() -> None:
    """A workload of many short steps would never let another one in."""
    now = itertools.count(0.0, LOOK_SECONDS)
    admission = CountingAdmission(provider("x"))
    admission.wanted.add("x")
    steps = [step(name) for name in "abc"]
    short = dict.fromkeys("abc", 0.5)
    work = dispatcher(graph_of(*steps), admission, FakeExecution(), short, clock=lambda: next(now))
    await work.run()
    assert admission.asked >= len(steps)
    assert admission.held == {}


async def test_a_step_that_needs_more_than_was_freed_asks_for_it() -> None:
    """It would run in a place that is too small, or a larger one would stay held for it."""
    admission = CountingAdmission(provider("x", slots=2))
    steps = (step("a"), step("b", slots=2), step("c"))
    await dispatcher(graph_of(*steps), admission, FakeExecution()).run()
    assert max(admission.most.values()) <= 2
    assert admission.held == {}


async def test_claims_carry_owner_fence_priority_and_what_is_expected() -> None:
    """The queue could neither order claims nor say when they end, at best or at worst."""
    admission = FakeAdmission(provider("x", 2.0))
    await dispatcher(graph_of(step("a")), admission, FakeExecution(), {"a": 6}, priority=7).run()
    assert admission.granted == [Claim("w1/a", "x", Resources(slots=1), 1, 7, 3.0, 6.0)]
