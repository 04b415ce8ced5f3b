"""What a flow says of data that a project keeps in its own folder."""

from __future__ import annotations

import asyncio

from flows.inventory import ledger
from tasks.launch.belongings import told
from tasks.launch.target import Target, launcher_of
from tasks.settings import settings


async def data_remarks(target: Target) -> list[str]:
    """Return a sentence for each thing that would be lost, or is carried over unasked."""

    def look() -> list[str]:
        with ledger() as book:
            launcher = launcher_of(target, book, settings())
            return told(launcher.trees, target.environment, launcher.serving)

    return await asyncio.to_thread(look)
