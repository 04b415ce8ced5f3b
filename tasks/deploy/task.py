"""The Prefect tasks of deploying: a rollout in a thread, its phases logged, its report shown."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

from prefect import task
from prefect.artifacts import (
    acreate_link_artifact,
    acreate_markdown_artifact,
    acreate_progress_artifact,
    aupdate_progress_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.events import emit_event
from prefect.logging import get_run_logger

from tasks.artifact import artifact_key, one_line
from tasks.cancellation import in_thread
from tasks.companion import shown
from tasks.deploy.deployer import Deployer
from tasks.deploy.events import rollout_event
from tasks.deploy.report import RolloutReport, RolloutRevertedError, markdown_of
from tasks.deploy.rollout import Rollout, RolloutKind
from tasks.events import EventName
from tasks.narration import narrated
from tasks.release import Release

_PROGRESS_SECONDS = 0.5


@task(
    name="deploy",
    task_run_name="deploy {deployer.target.project} to {deployer.target.environment}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def deploy(
    deployer: Deployer, what: str | Release, strategy: str = "blue_green"
) -> RolloutReport:
    """Move the traffic to a version, or to a release; RolloutRevertedError: it was refused."""
    async with _progress_shown(deployer, RolloutKind.DEPLOY):
        report = await in_thread(lambda: deployer.deploy(what, strategy))
    return await _show(report)


@task(
    name="rollback",
    task_run_name="roll back {deployer.target.project} in {deployer.target.environment}",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def rollback(deployer: Deployer) -> RolloutReport:
    """Move the traffic back to the former release."""
    async with _progress_shown(deployer, RolloutKind.ROLLBACK):
        report = await in_thread(deployer.rollback)
    return await _show(report)


@asynccontextmanager
async def _progress_shown(deployer: Deployer, kind: RolloutKind) -> AsyncIterator[None]:
    """Log each message, and show what the rollout waits for as progress of the run, at once.

    A rollout that waits for nothing shows no progress: creating it would delay the switch.
    """
    logger, target = get_run_logger(), deployer.target
    description = f"{kind.title()} of {target.project} in {target.environment}"
    newest, artifacts = [""], list[UUID]()

    def log_line(line: str) -> None:
        """Log a line, and show it from now on."""
        logger.info("%s", line)
        newest[0] = line.partition("\n")[0]

    async def show_progress(line: str) -> None:
        """Create or update the progress artifact."""
        if artifacts:
            await aupdate_progress_artifact(artifacts[0], 0.0, f"{description}: {line}")
        else:
            artifacts.append(
                await acreate_progress_artifact(0.0, description=f"{description}: {line}")
            )

    def log_failure(problem: str, error: BaseException) -> None:
        """Log what could not be shown."""
        logger.warning("%s: %s", problem, error, exc_info=error)

    deployer.on_change, deployer.on_reconciled = _narrate(), _announce()
    async with narrated(log_line), shown(newest, show_progress, _PROGRESS_SECONDS, log_failure):
        yield
    for artifact in artifacts:
        try:
            await aupdate_progress_artifact(artifact, 100.0, description)
        except Exception as error:  # noqa: BLE001 - the traffic has moved, whatever is shown of it
            log_failure("Its end is not shown", error)


def _narrate() -> Callable[[Rollout], None]:
    logger, last, announce = get_run_logger(), [""], _announce()

    def log_phase(rollout: Rollout) -> None:
        reason = f": {rollout.reason}" if rollout.reason else ""
        line = (
            f"{rollout.kind} of {rollout.project} in {rollout.environment} "
            f"to {rollout.version}: {rollout.phase}{reason}"
        )
        # It is called at every change of the rollout, and not every change shows in the line.
        if line != last[0]:
            last[0] = line
            logger.info("%s", line)
        announce(rollout)

    return log_phase


def _announce() -> Callable[[Rollout], None]:
    """Return what emits each event of a rollout once, at whatever change it is due."""
    emitted: set[tuple[str, str, EventName]] = set()

    def announce(rollout: Rollout) -> None:
        event = rollout_event(rollout)
        key = (rollout.project, rollout.environment, event.name)
        if key not in emitted:
            emitted.add(key)
            emit_event(**event.document())

    return announce


async def _show(report: RolloutReport) -> RolloutReport:
    place = f"{report.project} in {report.environment}"
    rollout = acreate_markdown_artifact(
        key=artifact_key("rollout", report.project, report.environment),
        markdown=markdown_of(report),
        description=one_line(
            f"{report.kind.title()} of {place} to {report.to_version}: {report.phase}"
        ),
    )
    addresses = [
        acreate_link_artifact(
            key=artifact_key("address", report.project, report.environment, service),
            link=url,
            link_text=f"{service} at {url}",
            description=one_line(
                f"Where {service} of {report.project} answers in {report.environment}"
            ),
        )
        for service, url in report.urls.items()
    ]
    await asyncio.gather(rollout, *addresses)
    if not report.succeeded:
        raise RolloutRevertedError(report)
    return report
