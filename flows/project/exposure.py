"""Remarks of a flow on services that other machines can reach past the router."""

from __future__ import annotations

import asyncio

from flows.configuration.block_loading import own_ledger
from tasks.exposure import exposures
from tasks.launch.target import Target
from tasks.ledger.instances import instances
from tasks.release import InstanceState


async def exposure_remarks(target: Target) -> list[str]:
    """Return a sentence for each service that serves there and listens on all interfaces."""

    def look() -> list[str]:
        """Look at the sockets of the live services."""
        with own_ledger() as ledger:
            serving = instances(ledger, target.project, target.environment, {InstanceState.RUNNING})
        return exposures(serving)

    return await asyncio.to_thread(look)
