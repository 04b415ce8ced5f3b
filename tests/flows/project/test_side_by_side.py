"""Tests of work on several projects in one flow run."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from prefect import flow, task
from prefect.runtime import flow_run

from flows.project import side_by_side
from flows.project.side_by_side import Request, Subject, on_projects, part
from flows.run_state.completion import concluded
from flows.run_state.secret_redaction import keep_secret
from stack.api import SlipwayApi
from tasks.cancellation import in_thread, is_cancelled
from tasks.errors import BadInputError, SlipwayError
from tasks.launch.target import Target
from tasks.launch.usage import in_use, unused
from tasks.ledger.connection import Ledger
from tasks.settings import settings

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server", "home_ledger")]

PROJECTS: dict[str, dict[str, Any]] = {"a": {"tags": ["x"]}, "b": {"tags": ["x"]}, "c": {}}


@pytest.fixture(autouse=True)
def configured(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Answer for the server: three projects, of which `b` is not configured in the environment."""

    async def documents(_slug: str) -> dict[str, dict[str, Any]]:
        return PROJECTS

    async def load_targets(names: list[str], _environment: str) -> dict[str, Target | SlipwayError]:
        missing = BadInputError("environment", "dev", "is unknown", "Correct it")
        return {name: missing if name == "b" else target for name in names}

    monkeypatch.setattr(side_by_side, "documents", documents)

    async def load_router() -> None:
        """Return none: nobody uses it here."""

    monkeypatch.setattr(side_by_side, "load_targets", load_targets)
    monkeypatch.setattr(side_by_side, "load_router", load_router)


async def _run(request: Request, work: Any, **options: Any) -> tuple[Any, str]:
    """Return the state of a flow that does ``work``, and the id of its run."""
    ids: list[str] = []

    @flow(persist_result=True, result_serializer="json")
    async def operate() -> Any:
        ids.append(str(flow_run.id))
        return await on_projects(request, work, **options)

    state = await operate(return_state=True)
    return state, ids[0]


async def _launch(subject: Subject) -> dict[str, str]:
    return concluded({"web": f"http://{subject.project}"}, f"{subject.target.project} runs", [])


async def test_one_project_is_done_without_a_task_run_of_its_own() -> None:
    """Broken: the result of a run on one project is a list, or its page shows one more task."""
    state, _ = await _run(Request("launch", "a", None, "dev"), _launch)
    assert state.message == "shop runs"
    assert await state.aresult() == {"web": "http://a"}


async def test_what_fails_does_not_stop_the_rest(prefect_server: str) -> None:
    """Broken: one project that is not configured there keeps nine others from being launched."""
    state, run_id = await _run(Request("launch", "", ["*", "tag:x"], "dev"), _launch)
    assert state.is_failed()
    assert state.message.startswith("2 of 3 projects succeeded; b failed: environment: is unknown")
    error = await state.aresult(raise_on_failure=False)
    outcomes = {each["project"]: each for each in error.outcomes}
    assert outcomes["a"]["result"] == {"web": "http://a"}
    assert [outcomes[name]["outcome"] for name in "abc"] == ["Completed", "Failed", "Completed"]
    with SlipwayApi(prefect_server) as api:
        [table] = [each for each in api.artifacts(run_id) if each["key"] == "projects-launch-dev"]
    assert '"project": "b", "outcome": "Failed"' in table["data"]


async def test_each_project_is_one_task_run_named_after_it(prefect_server: str) -> None:
    """Broken: of ten launches the page of the run shows thirty tasks, and no project."""

    @task
    async def build(project: str) -> str:
        return f"{project} built"

    async def work(subject: Subject) -> str:
        return concluded(await part(build)(subject.project), subject.project, [])

    state, run_id = await _run(Request("launch", "", ["a", "c"], "dev"), work)
    assert [each["result"] for each in await state.aresult()] == ["a built", "c built"]
    with SlipwayApi(prefect_server) as api:
        for _ in range(200):
            names = sorted(each["name"] for each in api.task_runs(run_id))
            if names == ["a", "c"]:
                break
            await asyncio.sleep(0.1)
    assert names == ["a", "c"]


async def test_a_ledger_that_cannot_be_opened_is_told_by_the_work(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Broken: the backups of a night fail before any of them can tell of it."""

    @contextmanager
    def own_ledger() -> Iterator[Ledger]:
        raise SlipwayError("the ledger cannot be opened")
        yield

    monkeypatch.setattr(side_by_side, "own_ledger", own_ledger)
    state, _ = await _run(Request("launch", "a", None, "dev"), _launch)
    assert state.message == "shop runs"


async def test_they_go_on_at_the_same_time_but_not_too_many() -> None:
    """Broken: the second waits for the first; or a hundred backups start at once."""
    running: set[str] = set()
    most: list[int] = []

    async def work(subject: Subject) -> str:
        running.add(subject.project)
        most.append(len(running))
        await asyncio.sleep(0.1)
        running.remove(subject.project)
        return "done"

    await _run(Request("launch", "", ["*"], "dev"), work, at_once=2)
    assert max(most) == 2


async def test_an_entry_that_means_nothing_is_refused_before_anything_starts() -> None:
    """Broken: half of a list is stopped before its typing error is seen."""

    async def work(_: Subject) -> None:
        pytest.fail("it began")

    state, _ = await _run(Request("stop", "", ["a", "web-*"], "dev"), work)
    assert "did you mean" not in state.message
    assert "projects: unknown; known are: a, b, c (got 'web-*')" in state.message


async def test_no_secret_of_any_project_is_told() -> None:
    """Broken: the error of one project shows, in the list of runs, the password of another."""
    keep_secret(["hunter22-of-a", "hunter22-of-c"])

    async def work(subject: Subject) -> None:
        raise SlipwayError(f"{subject.project} met hunter22-of-a and hunter22-of-c")

    state, _ = await _run(Request("launch", "", ["a", "c"], "dev"), work)
    error = await state.aresult(raise_on_failure=False)
    assert "hunter22" not in state.message + str(error)
    assert "a met" in state.message


async def test_a_bug_in_one_is_an_outcome_too() -> None:
    """Broken: an error that nobody foresaw ends the run, and the others are cancelled."""

    async def work(subject: Subject) -> str:
        if subject.project == "a":
            raise KeyError("of a")
        await asyncio.sleep(0.1)
        return "done"

    state, _ = await _run(Request("launch", "", ["a", "c"], "dev"), work)
    assert "1 of 2 projects succeeded; a failed: " in state.message
    assert "KeyError" in state.message


async def test_a_cancelled_run_waits_until_each_project_has_ended() -> None:
    """Broken: threads go on starting services of a run that is told to be cancelled."""
    all_began = threading.Barrier(3, timeout=30)
    ended: list[str] = []

    def start(project: str) -> None:
        all_began.wait()
        while not is_cancelled():
            time.sleep(0.01)
        ended.append(project)

    async def work(subject: Subject) -> None:
        await in_thread(lambda: start(subject.project))

    running = asyncio.create_task(_run(Request("launch", "", ["a", "c"], "dev"), work))
    await asyncio.to_thread(all_began.wait)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert sorted(ended) == ["a", "c"]


async def test_a_project_that_is_being_forgotten_is_refused_alone() -> None:
    """Broken: it is launched while its releases are removed, or the others are not launched."""
    root = settings().root

    async def work(subject: Subject) -> str:
        with pytest.raises(SlipwayError), unused(root, subject.project):
            pass
        return str(subject.target.project)

    with unused(root, "a"):
        state, _ = await _run(Request("launch", "", ["a", "c"], "dev"), work, uses=True)
    assert "1 of 2 projects succeeded; a failed: a is being forgotten" in state.message
    with unused(root, "c"), in_use(root, "a"):
        pass
