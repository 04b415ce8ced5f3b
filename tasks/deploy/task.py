"""The Prefect tasks of deploying: a rollout in a thread, its phases logged, its report shown."""

from __future__ import annotations

import re
from collections.abc import Callable

from prefect import task
from prefect.artifacts import acreate_link_artifact, acreate_markdown_artifact
from prefect.cache_policies import NO_CACHE
from prefect.logging import get_run_logger

from tasks.cancellation import in_thread
from tasks.deploy.deployer import Deployer
from tasks.deploy.report import RolloutReport, RolloutRevertedError, markdown_of
from tasks.deploy.rollout import Rollout
from tasks.narration import narrated
from tasks.release import Release


@task(
    name="deploy",
    task_run_name="deploy {deployer.target.project} to {deployer.target.environment}",
    cache_policy=NO_CACHE,
)
async def deploy(
    deployer: Deployer, what: str | Release, strategy: str = "blue_green"
) -> RolloutReport:
    """Move the traffic to a version, or to a release; RolloutRevertedError: it was refused."""
    deployer.said = _narrate()
    async with narrated(get_run_logger().info):
        report = await in_thread(lambda: deployer.deploy(what, strategy))
    return await _show(report)


@task(
    name="rollback",
    task_run_name="roll back {deployer.target.project} in {deployer.target.environment}",
    cache_policy=NO_CACHE,
)
async def rollback(deployer: Deployer) -> RolloutReport:
    """Move the traffic back to the former release."""
    deployer.said = _narrate()
    async with narrated(get_run_logger().info):
        report = await in_thread(deployer.rollback)
    return await _show(report)


def _narrate() -> Callable[[Rollout], None]:
    logger, last = get_run_logger(), [""]

    def say(rollout: Rollout) -> None:
        why = f": {rollout.reason}" if rollout.reason else ""
        line = (
            f"{rollout.kind} of {rollout.project} in {rollout.environment} "
            f"to {rollout.version}: {rollout.phase}{why}"
        )
        # It is called for every change of the rollout, not all of which can be told here.
        if line != last[0]:
            last[0] = line
            logger.info("%s", line)

    return say


async def _show(report: RolloutReport) -> RolloutReport:
    where = f"{report.project}-{report.environment}"
    await acreate_markdown_artifact(
        key=_key(f"rollout-{where}"),
        markdown=markdown_of(report),
        description=(
            f"{report.kind.title()} of {report.project} in {report.environment} "
            f"to {report.to_version}: {report.phase}"
        ),
    )
    for service, url in report.urls.items():
        await acreate_link_artifact(
            key=_key(f"front-{where}-{service}"),
            link=url,
            link_text=f"{service} at {url}",
            description=f"Where {service} of {report.project} answers in {report.environment}",
        )
    if not report.succeeded:
        raise RolloutRevertedError(report)
    return report


def _key(name: str) -> str:
    """Return ``name`` as an artifact key: lower-case letters, digits and dashes."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")
