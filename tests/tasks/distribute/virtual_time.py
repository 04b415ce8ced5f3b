"""Whole workloads through the dispatcher in virtual time, without real waiting."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

from blocks.providers.interface import End, Outcome
from tasks.distribute.dispatch.dispatcher import Dispatcher
from tasks.distribute.dispatch.events import Hooks, Replanned
from tasks.distribute.dispatch.results import StepResult
from tasks.estimates import Estimate
from tasks.plan import FleetSnapshot, ProviderState
from tasks.planning.planner import plan
from tasks.workload import Step, StepGraph
from tests.tasks.planning.fakes import FakeAdmission, submit


class _Selector(selectors.DefaultSelector):
    """Instead of waiting, lets the time pass at once."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """Return what is ready; else it is later by ``timeout``."""
        ready_files = super().select(0)
        if not ready_files and timeout:
            self.now += timeout
        return ready_files


class _AtOnce(ThreadPoolExecutor):
    """Runs what is meant for a thread before it returns, as time does not pass for threads."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """Run it."""
        done: Future[Any] = Future()
        try:
            done.set_result(fn(*args, **kwargs))
        except BaseException as error:  # noqa: BLE001 - whoever awaits it gets it
            done.set_exception(error)
        return done


def simulate(
    graph: StepGraph,
    estimates: Mapping[str, Estimate],
    providers: tuple[ProviderState, ...],
    takes: Callable[[Step, str], float],
    strategy: str = "planned",
) -> tuple[float, list[Replanned], dict[str, StepResult]]:
    """Run ``graph``, every step lasting as ``takes`` says; return the makespan, in seconds."""
    selector = _Selector()
    loop = asyncio.SelectorEventLoop(selector)
    loop.time = lambda: selector.now  # type: ignore[method-assign] # the point of all this
    loop.set_default_executor(_AtOnce())
    admission, replans = FakeAdmission(*providers), list[Replanned]()

    async def execute(step: Step, provider: str) -> Outcome:
        """Last as long as the step takes."""
        began = loop.time()
        await asyncio.sleep(takes(step, provider))
        return Outcome(end=End.SUCCEEDED, exit_code=0, started_at=began, ended_at=loop.time())

    dispatcher = Dispatcher(
        graph,
        plan(graph, estimates, FleetSnapshot(1, 0.0, providers), strategy, budget_seconds=0),
        estimates,
        admission.fleet,
        admission,
        execute=execute,
        submit=submit,
        workload_id="w",
        fence=1,
        hooks=Hooks(on_replanned=replans.append),
        clock=loop.time,
    )
    try:
        results = loop.run_until_complete(dispatcher.run())
    finally:
        loop.close()
    ends = [result.outcome.ended_at for result in results.values() if result.outcome]
    return max(ends), replans, results
