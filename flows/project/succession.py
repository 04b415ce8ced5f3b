"""What a flow says of its work where another run has undone or replaced it before its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from flows.configuration.block_loading import ledger
from tasks.deploy.report import RolloutReport
from tasks.launch.convergence import Launched
from tasks.launch.succession import overtaken, replaced, started_since
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger


async def launch_overtaken(launched: Launched) -> str:
    """Return a sentence where nothing of ``launched`` serves any more; empty where it does."""
    return await _asked(lambda book: overtaken(book, launched.instances))


async def deploy_overtaken(report: RolloutReport) -> str:
    """Return a sentence where the release that was deployed does not serve any more."""
    subject = (report.project, report.environment, report.release, report.to_version)
    return await _asked(lambda book: replaced(book, *subject))


async def stop_overtaken(target: Target) -> str:
    """Return a sentence where something of ``target`` serves that was to be stopped."""
    return await _asked(lambda book: started_since(book, target.project, target.environment))


async def _asked(question: Callable[[Ledger], str]) -> str:
    """Return what the ledger, opened in a thread, answers to ``question``."""

    def ask() -> str:
        """Ask it."""
        with ledger() as book:
            return question(book)

    return await asyncio.to_thread(ask)
