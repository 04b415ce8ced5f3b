"""Tests of the progress of a workload as users see it."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from flows.workload import progress
from tasks.claim import Queued
from tasks.distribute.dispatch.events import WorkloadProgress
from tasks.distribute.planned import PlannedWorkload

LOG = logging.getLogger("run")


class Shown:
    """Stands in for the artifact; holds the percentages that it showed."""

    def __init__(self) -> None:
        self.percentages: list[float] = []
        self.changed = asyncio.Event()

    async def create(self, percent: float, description: str) -> UUID:
        """Show the first."""
        self.percentages.append(percent)
        return uuid4()

    async def update(self, artifact: UUID, percent: float) -> None:
        """Show another."""
        self.percentages.append(percent)
        self.changed.set()


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """Give the artifact."""
    shown = Shown()
    monkeypatch.setattr(progress, "acreate_progress_artifact", shown.create)
    monkeypatch.setattr(progress, "aupdate_progress_artifact", shown.update)
    monkeypatch.setattr(progress, "_SECONDS", 0.001)
    return shown


async def test_progress_is_shown_as_it_is_made(shown: Shown) -> None:
    """Broken: the bar stands at nothing until all is done."""
    async with (
        progress.shown_progress("Steps", progress.log_fault(LOG)) as show_progress,
        asyncio.timeout(30),
    ):
        show_progress(WorkloadProgress(1, 4, 2, 1))
        await shown.changed.wait()
    assert shown.percentages == [0.0, 25.0, 100.0]


async def test_what_could_not_be_shown_is_in_the_log_of_the_run(
    shown: Shown, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Broken: the bar stands still, and nothing says why."""
    requested = asyncio.Event()

    async def refuse(_: UUID, percent: float) -> None:
        """Show the last one alone."""
        requested.set()
        if percent < 100:
            message = "the server does not answer"
            raise ConnectionError(message)

    monkeypatch.setattr(progress, "aupdate_progress_artifact", refuse)
    async with (
        progress.shown_progress("Steps", progress.log_fault(LOG)) as show_progress,
        asyncio.timeout(30),
    ):
        show_progress(WorkloadProgress(1, 4, 2, 1))
        await requested.wait()
    assert caplog.messages == ["Progress is not shown: the server does not answer"]
    assert "ConnectionError" in caplog.text


async def test_what_failed_is_not_shown_as_done(shown: Shown) -> None:
    """Broken: a failed workload ends at a hundred percent, or goes on being asked for ever."""
    before = asyncio.all_tasks()
    with pytest.raises(ZeroDivisionError):
        async with progress.shown_progress("Steps", progress.log_fault(LOG)):
            raise ZeroDivisionError
    assert shown.percentages == [0.0]
    assert asyncio.all_tasks() == before


def test_a_waiting_step_says_why_once_a_reason(caplog: pytest.LogCaptureFixture) -> None:
    """Broken: the log fills with one line a second, or does not say what is waited for."""
    caplog.set_level(logging.INFO)
    say: Any = progress.log_queued(logging.getLogger("run"))
    for seconds in (9, 8, 7):
        say("build", Queued(2, f"local is full for about {seconds} s"))
    say("build", Queued(1, "local is reserved"))
    say("lint", Queued(3, "local is full for about 7 s"))
    assert caplog.messages == [
        "build is queued, position 2: local is full for about 9 s",
        "build is queued, position 1: local is reserved",
        "lint is queued, position 3: local is full for about 7 s",
    ]


def test_a_place_in_the_queue_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    """The log would fill with the same line, whose seconds alone differ, and name the place twice."""
    caplog.set_level(logging.INFO)
    say = progress.log_queued(logging.getLogger("run"))
    for seconds in (5, 4):
        reason = f"local lacks 1 slot of 1: held by w/a for about {seconds} s more; position 1"
        say("b", Queued(1, reason))
    assert caplog.messages == [
        "b is queued, position 1: local lacks 1 slot of 1: held by w/a for about 5 s more"
    ]


def planned_steps(count: int) -> PlannedWorkload:
    """Return a plan of so many steps, of which nothing else is looked at."""
    planned: Any = SimpleNamespace(plan=SimpleNamespace(order=("a",) * count))
    return cast("PlannedWorkload", planned)


async def test_a_large_plan_is_shown_once_its_steps_have_begun_well(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Thousands of steps would share their processor with the chart of them."""
    events = []

    async def show_plan(_planned: object, _is_over: object) -> None:
        """Note it."""
        events.append("shown")

    monkeypatch.setattr(progress, "show_plan", show_plan)
    async with progress.plan_shown(planned_steps(1000), lambda *_: None):
        await asyncio.sleep(0.05)
        events.append("ran")
    assert events == ["ran", "shown"]


async def test_steps_run_while_the_plan_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every run would wait for a chart, or end before its plan can be seen."""
    steps_ran, events = asyncio.Event(), []

    async def show_plan(_planned: object, _is_over: object) -> None:
        """Show it only when the steps have run."""
        await steps_ran.wait()
        events.append("shown")

    monkeypatch.setattr(progress, "show_plan", show_plan)
    async with progress.plan_shown(planned_steps(1), lambda *_: None):
        await asyncio.sleep(0)
        steps_ran.set()
        events.append("ran")
    assert events == ["ran", "shown"]


async def test_what_is_over_is_not_forecast(monkeypatch: pytest.MonkeyPatch) -> None:
    """The log would say in how many seconds a workload will be done that has ended."""
    seen: list[bool] = []

    async def show_plan(_planned: object, is_over: Callable[[], bool]) -> None:
        """Note whether steps run, before and after the first of them have."""
        seen.append(is_over())
        await asyncio.sleep(0)
        seen.append(is_over())

    monkeypatch.setattr(progress, "show_plan", show_plan)
    async with progress.plan_shown(planned_steps(1), lambda *_: None) as have_ended:
        await asyncio.sleep(0)
        have_ended()
        await asyncio.sleep(0.05)
    assert seen == [False, True]


async def test_a_plan_that_cannot_be_shown_ends_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that stores no picture would fail the work; or a failure wait for a picture."""
    told: list[str] = []

    async def fail(_planned: object, _is_over: object) -> None:
        """Fail as a server would."""
        raise ConnectionError("no server")

    async def never(_planned: object, _is_over: object) -> None:
        """Take for ever."""
        await asyncio.Event().wait()

    planned = planned_steps(1)
    monkeypatch.setattr(progress, "show_plan", fail)
    async with progress.plan_shown(planned, lambda what, why: told.append(f"{what}: {why}")):
        pass
    assert told == ["The plan cannot be shown: no server"]
    monkeypatch.setattr(progress, "show_plan", never)
    with pytest.raises(KeyError):
        async with progress.plan_shown(planned, lambda *_: None):
            raise KeyError
