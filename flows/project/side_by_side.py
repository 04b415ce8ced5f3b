"""Does the work of an operation for one project, or for several side by side in one flow run.

Of several, each has a task run of its own, which is named after it, and ends as a run on it alone
would have ended. What fails does not keep the others from their end.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar, cast

from prefect import Task, task
from prefect.artifacts import acreate_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.context import TaskRunContext
from prefect.states import Completed, Failed
from prefect.utilities.annotations import opaque

from blocks.routers.interface import Router
from flows.configuration.block_loading import PROJECT, load_router, load_targets, own_ledger
from flows.configuration.block_reading import documents
from flows.configuration.project_selection import refuse_unclear, selected
from flows.project.outcomes import (
    ProjectOutcome,
    SomeProjectsFailedError,
    sentence,
    table,
)
from flows.project.outcomes import documents as outcome_documents
from flows.run_state.failure import failed
from flows.run_state.secret_redaction import redacted
from tasks.artifact import artifact_key, one_line
from tasks.errors import BusyError, SlipwayError
from tasks.launch.target import Target
from tasks.launch.usage import in_use
from tasks.settings import settings

R = TypeVar("R")

_CPUS = os.cpu_count() or 1
LIGHT_AT_ONCE = min(32, max(4, 4 * _CPUS))
"""Projects at once of which each mostly waits. Builds take turns by themselves."""
HEAVY_AT_ONCE = max(2, _CPUS)
"""Projects at once of which each keeps CPUs and disks busy."""


@dataclass(frozen=True, slots=True)
class Request:
    """What a run was asked to do: its operation and the parameters that say where."""

    operation: str
    project: str
    projects: Sequence[str] | None
    environment: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A project in an environment, with what was loaded for it, or why that could not be."""

    project: str
    environment: str
    loaded_target: Target | SlipwayError
    loaded_router: Router | SlipwayError

    @property
    def target(self) -> Target:
        """Its target; what is wrong with it is raised."""
        return _raised(self.loaded_target)

    @property
    def router(self) -> Router:
        """The router; what is wrong with it is raised."""
        return _raised(self.loaded_router)


def _raised(loaded: R | SlipwayError) -> R:
    if isinstance(loaded, SlipwayError):
        raise loaded
    return loaded


async def on_projects(
    request: Request,
    work: Callable[[Subject], Awaitable[R]],
    *,
    at_once: int = LIGHT_AT_ONCE,
    uses: bool = False,
) -> R:
    """Do ``work`` for the project, or for each of the projects, that ``request`` names.

    All are looked up before the work begins. One that ``uses`` its project excludes the run that
    forgets it.

    Raises:
        BadInputError: The request names no project, or an entry of it means none.
    """
    refuse_unclear(request.project, request.projects)
    names = await chosen(request.projects) if request.projects else [request.project]
    with _ledger_kept_open(), ExitStack() as ending:
        held = {name: ending.enter_context(ExitStack()) for name in names}
        busy = _begin_use(held) if uses else {}
        targets, router = await asyncio.gather(
            load_targets(names, request.environment), _load_router()
        )
        targets |= busy

        async def act(name: str) -> R:
            """Do the work for one project, which is in use until then."""
            with held[name]:
                return await work(Subject(name, request.environment, targets[name], router))

        if not request.projects:
            return await act(request.project)
        actions = {name: partial(act, name) for name in names}
        return await side_by_side(request.operation, request.environment, actions, at_once)


@contextmanager
def _ledger_kept_open() -> Iterator[None]:
    """Let all parts of the work share one ledger; where it cannot be opened, each says so."""
    with ExitStack() as ending:
        with suppress(SlipwayError):
            ending.enter_context(own_ledger())
        yield


async def _load_router() -> Router | SlipwayError:
    try:
        return await load_router()
    except SlipwayError as error:
        return error


async def chosen(entries: Sequence[str]) -> list[str]:
    """Return the projects that ``entries`` mean.

    Raises:
        NotFoundError: An entry means no project.
    """
    projects = await documents(PROJECT)
    return selected(entries, {name: fields.get("tags") or () for name, fields in projects.items()})


def _begin_use(held: Mapping[str, ExitStack]) -> dict[str, SlipwayError]:
    """Use each project until its stack is closed; return why some cannot be used."""
    busy: dict[str, SlipwayError] = {}
    for name, stack in held.items():
        try:
            stack.enter_context(in_use(settings().root, name))
        except BusyError as error:
            busy[name] = error
    return busy


async def side_by_side(
    operation: str,
    environment: str,
    actions: Mapping[str, Callable[[], Awaitable[R]]],
    at_once: int,
) -> R:
    """Take each project's action in a task run of its own; return a state with all outcomes."""
    # Prefect and the tasks share the threads of the loop; each action holds one, and looks in another.
    threads = ThreadPoolExecutor(2 * at_once + 4, thread_name_prefix="projects")
    asyncio.get_running_loop().set_default_executor(threads)
    places = asyncio.Semaphore(at_once)

    async def end_of(project: str, action: Callable[[], Awaitable[R]]) -> ProjectOutcome:
        """Return what became of one project, as soon as there is a place for it."""
        async with places:
            began = time.monotonic()
            ending: Any = on_project(project, opaque(action), return_state=True)
            return await _outcome(project, await ending, time.monotonic() - began)

    outcomes = await asyncio.gather(*(end_of(name, action) for name, action in actions.items()))
    summary = sentence(outcomes)
    await acreate_table_artifact(
        key=artifact_key("projects", operation, environment),
        table=table(outcomes),
        description=one_line(f"{operation}: {summary}"),
    )
    # A state that a flow returns becomes its own.
    return cast("R", _state(outcomes, summary))


@task(name="project", task_run_name="{project}", cache_policy=NO_CACHE, persist_result=False)
async def on_project(project: str, action: Callable[[], Awaitable[Any]]) -> Any:  # noqa: ARG001 - it names the run
    """Take the action of one project; the state is what a run on it alone would end with."""
    try:
        return await action()
    except Exception as error:  # noqa: BLE001 - what is not foreseen is raised again
        return failed(error)


def part(work: Task[..., Coroutine[Any, Any, R]]) -> Callable[..., Coroutine[Any, Any, R]]:
    """Return ``work`` as a task, or as a plain function where its project has a task run."""
    if not TaskRunContext.get():
        return work

    async def plain(*arguments: Any, wait_for: object = None, **named: Any) -> R:  # noqa: ARG001 - nothing is waited for
        """Call the function of the task."""
        values = [each.unwrap() if isinstance(each, opaque) else each for each in arguments]
        return await work.fn(*values, **named)

    return plain


async def _outcome(project: str, state: State[Any], seconds: float) -> ProjectOutcome:
    result = await state.aresult() if state.is_completed() else None
    return ProjectOutcome(
        project,
        state.name or state.type.value,
        state.is_completed(),
        round(seconds, 2),
        redacted(state.message or ""),
        result,
    )


def _state(outcomes: Sequence[ProjectOutcome], summary: str) -> State[Any]:
    if all(each.succeeded for each in outcomes):
        return Completed(message=summary, data=outcome_documents(outcomes))
    return Failed(message=summary, data=SomeProjectsFailedError.of(summary, outcomes))
