"""The Prefect tasks of launching: build, launch, revive, stop, restart and forget."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE

from blocks.routers.interface import Router
from tasks.cancellation import in_thread
from tasks.launch.convergence import STOP_GRACE_SECONDS, Launched, converge, shut_down
from tasks.launch.convergence import revive as bring_back
from tasks.launch.forgetting import ForgetScope, Forgotten
from tasks.launch.forgetting import forget as forget_all
from tasks.launch.holding import hold
from tasks.launch.kinds.interface import BuildError
from tasks.launch.launcher import Launcher
from tasks.launch.public_ports import PublicPorts, public_ports_of
from tasks.launch.serving_release import place_of, release_to_launch, serving_release
from tasks.launch.target import Target, launcher_of
from tasks.ledger.lending import lent_ledger
from tasks.narration import narrated
from tasks.release import Instance, Release
from tasks.settings import settings

T = TypeVar("T")


@task(cache_policy=NO_CACHE, task_run_name="build {target.project}", persist_result=False)
async def build(
    target: Target, version: str, *, anew: bool = False, serves: bool = True
) -> Release:
    """Build ``version``, or find it built; empty: the version that serves, or the project's own.

    ``anew``: an empty version is the project's own, as its source is now. Where it
    ``serves``, what cannot be started is refused before it is built. No retention removes the
    release until the run has ended.
    """
    choose = Launcher.build if anew else release_to_launch

    def work(launcher: Launcher) -> tuple[Release, str]:
        """Choose a release and hold it; another build may remove it in between.

        Who only tests it is told where it serves, as its source may have changed since.
        """
        release = choose(launcher, version, serves=serves)
        if not hold(release.path):
            release = choose(launcher, version, serves=serves)
            hold(release.path)
        return release, "" if serves else place_of(launcher, release)

    try:
        release, place = await _with_launcher(target, work)
    except BuildError as error:
        get_run_logger().debug("%s", error.output)
        raise
    get_run_logger().info("%s %s%s is at %s", target.project, release.version, place, release.path)
    for line in release.built_from:
        get_run_logger().info("%s", line)
    return release


@task(
    cache_policy=NO_CACHE,
    task_run_name="launch {target.project} in {target.environment}",
    persist_result=False,
)
async def launch(target: Target, release: Release, router: Router) -> Launched:
    """Have ``release`` serve as it is configured: adopt what runs so, and replace the rest."""
    launched = await _with_launcher(
        target, lambda launcher: converge(launcher, release, _public_ports(launcher, router))
    )
    get_run_logger().info("%s", launched)
    return launched


@task(
    cache_policy=NO_CACHE,
    task_run_name="revive {target.project} in {target.environment}",
    persist_result=False,
)
async def revive(target: Target, router: Router) -> Launched | None:
    """Start again what was live and has died, as it was; None if nothing was live."""
    revived = await _with_launcher(
        target, lambda launcher: bring_back(launcher, _public_ports(launcher, router))
    )
    get_run_logger().info("%s", revived or "Nothing was live.")
    return revived


@task(
    cache_policy=NO_CACHE,
    task_run_name="stop {target.project} in {target.environment}",
    persist_result=False,
)
async def stop(target: Target, router: Router) -> list[Instance]:
    """Stop all that runs there, with everything it started."""
    stopped = await _with_launcher(
        target,
        lambda launcher: shut_down(launcher, _public_ports(launcher, router), STOP_GRACE_SECONDS),
    )
    get_run_logger().info("%d instances stopped", len(stopped))
    return stopped


@task(
    cache_policy=NO_CACHE,
    task_run_name="restart {target.project} in {target.environment}",
    persist_result=False,
)
async def restart(target: Target, router: Router) -> Launched:
    """Replace the live processes by new ones of the same release, with today's configuration."""

    def _renew(launcher: Launcher) -> Launched:
        release = serving_release(launcher)
        return converge(launcher, release, _public_ports(launcher, router), fresh=True)

    launched = await _with_launcher(target, _renew)
    get_run_logger().info("%s", launched)
    return launched


@task(cache_policy=NO_CACHE, task_run_name="forget {subject.project}", persist_result=False)
async def forget(subject: ForgetScope, router: Router, *, delete_data: bool) -> Forgotten:
    """Remove what there is of a project, or of one environment of it."""

    def work() -> Forgotten:
        """Forget it."""
        with lent_ledger(settings()) as ledger:
            return forget_all(ledger, router, subject, delete_data=delete_data)

    return await asyncio.to_thread(work)


async def _with_launcher(target: Target, work: Callable[[Launcher], T]) -> T:
    async with narrated(get_run_logger().info):
        return await in_thread(lambda: _with_ledger(target, work))


def _with_ledger(target: Target, work: Callable[[Launcher], T]) -> T:
    """Do ``work`` with the ledger of this process."""
    with lent_ledger(settings()) as ledger:
        return work(launcher_of(target, ledger))


def _public_ports(launcher: Launcher, router: Router) -> PublicPorts:
    return public_ports_of(
        launcher.project, launcher.environment, launcher.ledger, router, settings()
    )
