"""What a flow says of its work where another run has undone or replaced it before its end."""

from __future__ import annotations

import asyncio

from flows.inventory import ledger
from tasks.deploy.report import RolloutReport
from tasks.launch.convergence import Launched
from tasks.launch.succession import overtaken, replaced, started_since
from tasks.launch.target import Target


async def launch_overtaken(launched: Launched) -> str:
    """Return a sentence where nothing of ``launched`` serves any more; empty where it does."""

    def look() -> str:
        """Ask the ledger what serves."""
        with ledger() as book:
            return overtaken(book, launched.instances)

    return await asyncio.to_thread(look)


async def deploy_overtaken(report: RolloutReport) -> str:
    """Return a sentence where the release that was deployed does not serve any more."""

    def look() -> str:
        """Ask the ledger what serves."""
        where = (report.project, report.environment)
        with ledger() as book:
            return replaced(book, *where, report.release, report.to_version)

    return await asyncio.to_thread(look)


async def stop_overtaken(target: Target) -> str:
    """Return a sentence where something of ``target`` serves that was to be stopped."""

    def look() -> str:
        """Ask the ledger what serves."""
        with ledger() as book:
            return started_since(book, target.project, target.environment)

    return await asyncio.to_thread(look)
