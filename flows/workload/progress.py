"""Shows the plan of a workload and the progress of its steps, and logs why steps wait."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

from prefect.artifacts import acreate_progress_artifact, aupdate_progress_artifact

from tasks.claim import Queued
from tasks.companion import Tell, fault_of, shown, to_its_end
from tasks.distribute.dispatch.events import Replanned, WorkloadProgress
from tasks.distribute.planned import PlannedWorkload
from tasks.distribute.task import show_plan

_SECONDS = 1.0
_MANY_STEPS = 300
_LATER_SECONDS = 10.0

Logger = logging.Logger | logging.LoggerAdapter[logging.Logger]


def log_queued(logger: Logger) -> Callable[[str, Queued], None]:
    """Return a callback that logs that a step waits, once for each reason."""
    logged: set[tuple[str, str]] = set()

    def say(step: str, queued: Queued) -> None:
        # The seconds in a reason change with every answer.
        mark = (step, queued.reason.split(" for about ", maxsplit=1)[0])
        if mark not in logged:
            logged.add(mark)
            why = queued.reason.removesuffix(f"; position {queued.position}")
            logger.info("%s is queued, position %d: %s", step, queued.position, why)

    return say


def log_replanned(logger: Logger) -> Callable[[Replanned], None]:
    """Return a callback that logs that a workload was planned again, and why."""

    def say(replanned: Replanned) -> None:
        logger.info("%s", replanned.sentence)

    return say


def log_fault(logger: Logger) -> Tell:
    """Return a callback that logs that something beside a workload has failed, with its trace."""

    def say(subject: str, error: BaseException) -> None:
        logger.warning("%s: %s", subject, error, exc_info=error)

    return say


@asynccontextmanager
async def shown_progress(
    description: str, tell: Tell
) -> AsyncIterator[Callable[[WorkloadProgress], None]]:
    """Yield a callback that takes the newest progress, and show it once a second at most."""
    newest = [WorkloadProgress(0, 1, 0, 0)]
    artifact = await acreate_progress_artifact(0.0, description=description)

    async def show(progress: WorkloadProgress) -> None:
        """Send it."""
        await aupdate_progress_artifact(artifact, 100 * progress.done / max(1, progress.total))

    def update(progress: WorkloadProgress) -> None:
        """Take the newest progress."""
        newest[0] = progress

    async with shown(newest, show, _SECONDS, tell):
        yield update
    await aupdate_progress_artifact(artifact, 100.0)


@asynccontextmanager
async def plan_shown(planned: PlannedWorkload, tell: Tell) -> AsyncIterator[Callable[[], None]]:
    """Show the plan while its steps run, so that none waits for a chart.

    Yield what has to be called when all steps have ended: from then on nothing is forecast.

    A large one takes seconds to show, and is shown a little later, as its steps need that time more.
    It is waited for at the end, but not where that is an error; ``tell`` is told what fails.
    """
    ended = asyncio.Event()

    async def show() -> None:
        """Show it at once, or when its steps have begun well or have ended."""
        if len(planned.plan.order) > _MANY_STEPS:
            with suppress(TimeoutError):
                async with asyncio.timeout(_LATER_SECONDS):
                    await ended.wait()
        await show_plan(planned, ended.is_set)

    showing = asyncio.create_task(show())
    try:
        yield ended.set
        ended.set()
        await asyncio.wait([showing])
    finally:
        showing.cancel()
        await to_its_end(showing)
    if error := fault_of(showing):
        tell("The plan cannot be shown", error)
