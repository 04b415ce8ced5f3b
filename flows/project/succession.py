"""Messages of a flow whose work another run has undone or replaced before its end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from flows.configuration.block_loading import own_ledger
from tasks.deploy.report import RolloutReport
from tasks.launch.convergence import Launched
from tasks.launch.succession import overtaken, replaced, started_since
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger


async def launch_overtaken(launched: Launched) -> str:
    """Return a sentence if nothing of ``launched`` serves any more, else ``""``."""
    return await _ask_ledger(lambda ledger: overtaken(ledger, launched.instances))


async def deploy_overtaken(report: RolloutReport) -> str:
    """Return a sentence if the release that was deployed does not serve any more, else ``""``."""
    subject = (report.project, report.environment, report.release, report.to_version)
    return await _ask_ledger(lambda ledger: replaced(ledger, *subject))


async def stop_overtaken(target: Target) -> str:
    """Return a sentence if services of ``target`` that were stopped serve again, else ``""``."""
    return await _ask_ledger(
        lambda ledger: started_since(ledger, target.project, target.environment)
    )


async def _ask_ledger(question: Callable[[Ledger], str]) -> str:
    """Return the answer of ``question``, called with the ledger in a thread."""

    def ask() -> str:
        """Ask it."""
        with own_ledger() as ledger:
            return question(ledger)

    return await asyncio.to_thread(ask)
