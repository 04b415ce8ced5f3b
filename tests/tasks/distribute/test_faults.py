"""Errors beside the steps of a workload: each ends it or is reported, and none is lost."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch import replanning
from tasks.distribute.dispatch.events import Hooks
from tasks.errors import BadInputError
from tasks.workload import Step
from tests.tasks.planning.fakes import (
    FakeAdmission,
    FakeExecution,
    dispatcher,
    graph_of,
    provider,
    states,
    step,
    submit,
    until,
)


class RecordedFaults:
    """Records the faults that the dispatcher reports."""

    def __init__(self) -> None:
        self.faults: list[tuple[str, str]] = []

    def __call__(self, what: str, error: BaseException) -> None:
        """Record one."""
        self.faults.append((what, str(error)))


async def test_what_is_nobodys_result_ends_the_workload(monkeypatch: pytest.MonkeyPatch) -> None:
    """A step would never end, for what only the collector of garbage has seen."""
    events = RecordedFaults()
    work = dispatcher(
        graph_of(step("a"), step("b", "a")),
        FakeAdmission(provider("x")),
        FakeExecution(),
        hooks=Hooks(on_fault=events),
    )

    def settle(_: object) -> None:
        """Fail."""
        message = "the agenda is broken"
        raise RuntimeError(message)

    monkeypatch.setattr(work._queue, "settle", settle)
    with pytest.raises(RuntimeError, match="the agenda is broken"):
        await asyncio.wait_for(work.run(), 30)
    assert events.faults == [("The workload ends, for step a", "the agenda is broken")]


async def test_what_is_raised_while_steps_are_stopped_is_raised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Capacity that could not be given back would be held by nobody, and nobody would know."""
    execution, admission, events = FakeExecution(), FakeAdmission(provider("x")), RecordedFaults()
    execution.gates["a"] = asyncio.Event()
    work = dispatcher(
        graph_of(step("a"), step("b", "a")), admission, execution, hooks=Hooks(on_fault=events)
    )
    running = asyncio.create_task(work.run())
    await until(lambda: bool(execution.started))

    def release(_id: int, _fence: int) -> None:
        """Fail."""
        message = "the ledger does not answer"
        raise ConnectionError(message)

    monkeypatch.setattr(admission, "release", release)
    work.cancel()
    await asyncio.wait([running], timeout=30)
    assert "the ledger does not answer" in [message for _, message in events.faults]


async def test_a_step_that_ends_well_tells_what_went_wrong_around_it() -> None:
    """A server that took no note of a step would be seen nowhere."""
    events = RecordedFaults()

    async def forgetful(item: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Do it, and fail to report."""
        await submit(item, attempt)
        message = "the server does not answer"
        raise ConnectionError(message)

    work = dispatcher(
        graph_of(step("a")),
        FakeAdmission(provider("x")),
        FakeExecution(),
        submit=forgetful,
        hooks=Hooks(on_fault=events),
    )
    assert states(await work.run()) == {"a": "succeeded"}
    assert events.faults == [("Step a", "the server does not answer")]


@pytest.mark.parametrize("error", [ZeroDivisionError("a bug"), BadInputError("a", "b", "c", "d")])
async def test_a_plan_that_cannot_be_made_anew_is_told(
    error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A workload would keep a plan that is off for ever, and nothing would say why."""

    def fail(*_: object, **__: object) -> None:
        """Fail."""
        raise error

    events = RecordedFaults()
    count = 12
    work = dispatcher(
        graph_of(*(step(f"s{number}") for number in range(count))),
        FakeAdmission(provider("a")),
        FakeExecution(),
        {f"s{number}": 50 for number in range(count)},
        hooks=Hooks(on_fault=events),
    )
    monkeypatch.setattr(replanning, "plan_of", fail)
    assert set(states(await work.run()).values()) == {"succeeded"}
    assert events.faults
    assert set(events.faults) == {("What has not started is not planned again", str(error))}
