"""Fakes of the dispatcher's collaborators: deterministic, without sleeping."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from math import inf
from pathlib import Path
from typing import Any

from blocks.providers.interface import End, Outcome, Resources
from tasks.allocate.admission import decide
from tasks.claim import AdmissionDecision, Claim, Granted, Queued, Refused
from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.distribute.dispatch.results import StepFailedError, StepResult
from tasks.estimates import Estimate
from tasks.ledger.queue import Held, ProviderQueue, Waiting
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.planner import plan
from tasks.workload import SplitDecision, Step, StepGraph

GOOD = Outcome(end=End.SUCCEEDED, exit_code=0, started_at=0.0, ended_at=1.0)
BAD = Outcome(end=End.FAILED, exit_code=3, started_at=0.0, ended_at=1.0)
ONE = Resources(slots=1)


def provider(name: str, speed: float = 1.0, slots: int = 1) -> ProviderState:
    """An idle provider with that many slots."""
    return ProviderState(name, "shell", Resources(slots=slots), Resources(slots=slots), speed)


def step(name: str, *needs: str, when: str = "", slots: int = 1, retries: int = 0) -> Step:
    """A step that takes slots alone."""
    demand = Resources(slots=slots)
    return Step(
        name, ("true",), Path("/"), name, needs=needs, when=when, demand=demand, retries=retries
    )


def graph_of(*steps: Step) -> StepGraph:
    """The graph of those steps, which are in topological order."""
    return StepGraph("p", "w", steps, SplitDecision(len(steps), ""))


def estimates_of(seconds: Mapping[str, float]) -> dict[str, Estimate]:
    """Estimates from history."""
    return {k: Estimate(k, v, v * 2, n=3, source="history") for k, v in seconds.items()}


class FakeAdmission:
    """Capacity in memory; it refuses to be oversubscribed, and counts what is held."""

    def __init__(self, *providers: ProviderState) -> None:
        self.providers = {item.name: item for item in providers}
        self.held: dict[int, Claim] = {}
        self.waiting: dict[str, str] = {}
        self.granted: list[Claim] = []
        self.foreign: dict[str, Resources] = {}
        self.wanted: set[str] = set()
        self.changes = asyncio.Event()
        self._ids = itertools.count(1)

    def used(self, name: str) -> Resources:
        """What is held of a provider."""
        ours = [claim.demand for claim in self.held.values() if claim.provider == name]
        return sum(ours, self.foreign.get(name, Resources()))

    def fleet(self) -> FleetSnapshot:
        """The providers with what is free of them."""
        states = tuple(
            replace(item, free=item.capacity.minus(self.used(item.name)))
            for item in self.providers.values()
        )
        return FleetSnapshot(1, 0.0, states)

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Grant what fits, queue what does not yet, refuse what never will."""
        whole = self.providers[claim.provider].capacity
        if not whole.fits(claim.demand):
            return Refused(f"{claim.provider} is too small")
        free = whole.minus(self.used(claim.provider))
        if not free.fits(claim.demand):
            self.waiting[claim.owner] = claim.provider
            return Queued(1, f"{claim.provider} is full")
        self.waiting.pop(claim.owner, None)
        number = next(self._ids)
        self.held[number] = claim
        self.granted.append(claim)
        return Granted(number, claim.provider, claim.fence, 1e9)

    def wanted_by_others(self, workload_id: str) -> frozenset[str]:
        """What others wait for."""
        return frozenset(self.wanted)

    def hand_over(self, granted: Granted, claim: Claim, *, waited: bool) -> None:
        """Give it to another claim, which asks for as much."""
        assert self.held[granted.allocation_id].demand == claim.demand
        self.held[granted.allocation_id] = claim
        self.granted.append(claim)
        if waited:
            self.withdraw(claim.owner)

    def release(self, allocation_id: int, fence: int) -> None:
        """Give it back; twice is an error."""
        del self.held[allocation_id]

    def withdraw(self, owner: str) -> None:
        """Wait no longer."""
        self.waiting.pop(owner, None)

    async def changed(self, timeout: float) -> None:  # noqa: ASYNC109 - the protocol's name
        """Return when another workload changed something; what we release rings by itself."""
        await self.changes.wait()
        self.changes.clear()


class FakeQueue(FakeAdmission):
    """The same, where who waits is served in turn; a moment passes between any two calls."""

    def __init__(self, *providers: ProviderState) -> None:
        super().__init__(*providers)
        self.now = 0.0
        self.queue: dict[str, tuple[Claim, float]] = {}

    def admit(self, claim: Claim) -> AdmissionDecision:
        """Decide as the ledger would."""
        self.now += 0.001
        answer = decide(claim, self._state(claim.provider), self.now)
        _, since = self.queue.pop(claim.owner, (claim, self.now))
        if isinstance(answer, Queued):
            self.queue[claim.owner] = claim, since
            return answer
        return super().admit(claim)

    def _state(self, name: str) -> ProviderQueue:
        claims = tuple(
            Held(number, claim.owner, claim.demand, 0.0, claim.expected_seconds, inf)
            for number, claim in self.held.items()
            if claim.provider == name
        )
        waiting = tuple(
            Waiting(owner, claim.demand, claim.priority, since, claim.expected_seconds, inf)
            for owner, (claim, since) in self.queue.items()
            if claim.provider == name
        )
        return ProviderQueue(name, 1, self.providers[name].capacity, claims, waiting)

    def withdraw(self, owner: str) -> None:
        """Wait no longer."""
        self.queue.pop(owner, None)


class FakeExecution:
    """Runs steps in no time, or as long as a test wants; outcomes are scripted by step."""

    def __init__(self, outcomes: Mapping[str, list[Outcome]] | None = None) -> None:
        self.outcomes = {name: list(items) for name, items in (outcomes or {}).items()}
        self.started: list[tuple[str, str]] = []
        self.ended: list[str] = []
        self.gates: dict[str, asyncio.Event] = {}
        self.on_start: Callable[[Step], None] = lambda _step: None

    async def __call__(self, step: Step, provider: str) -> Outcome:
        """Wait for the step's gate, where it has one, and return its next outcome."""
        self.started.append((step.id, provider))
        self.on_start(step)
        if gate := self.gates.get(step.id):
            await gate.wait()
        await asyncio.sleep(0)
        self.ended.append(step.id)
        scripted = self.outcomes.get(step.id)
        return scripted.pop(0) if scripted else GOOD


async def submit(step: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
    """Try as often as the step allows, as Prefect would."""
    for retries_left in range(step.retries, -1, -1):
        outcome = await attempt()
        if outcome.succeeded:
            return outcome
        if not retries_left:
            raise StepFailedError(step.id, outcome)
    raise AssertionError


async def until(condition: Callable[[], bool]) -> None:
    """Let everything else go on until ``condition`` holds."""
    async with asyncio.timeout(20):
        while not condition():  # noqa: ASYNC110 - any state may be waited for
            await asyncio.sleep(0.001)


def dispatcher(
    graph: StepGraph,
    admission: FakeAdmission,
    execution: FakeExecution,
    seconds: dict[str, float] | None = None,
    strategy: str = "planned",
    **options: Any,
) -> Dispatcher:
    """A dispatcher over fakes, at a clock that stands still."""
    estimates = estimates_of(seconds or {})
    defaults: dict[str, Any] = {"execute": execution, "submit": submit, "clock": lambda: 0.0}
    return Dispatcher(
        graph,
        plan(graph, estimates, admission.fleet(), strategy, budget_seconds=0.01),
        estimates,
        admission.fleet,
        admission,
        workload_id="w1",
        fence=1,
        **(defaults | options),
    )


def states(results: Mapping[str, StepResult]) -> dict[str, str]:
    """The states by step."""
    return {name: result.state.value for name, result in results.items()}
