"""What a flow says of data that a project keeps in its own folder."""

from __future__ import annotations

import asyncio
import re

from flows.configuration.block_loading import ledger
from tasks.launch.belongings import data_messages, proposed_data
from tasks.launch.target import Target, launcher_of
from tasks.release import Release

_LINE = re.compile(r"`data: \[.*?\]`")


async def data_remarks(target: Target, release: Release | None = None) -> list[str]:
    """Return a sentence for each thing that would be lost, or is carried over unasked.

    Of a ``release`` also what its framework keeps in its own folder, before that is there.
    """

    def look() -> list[str]:
        """Look at the source, and at what was written beside it."""
        with ledger() as book:
            launcher = launcher_of(target, book)
            proposed = []
            if release and release.source.is_dir():
                commands = [service.command for service in launcher.services(release).values()]
                proposed = proposed_data(
                    target.project, target.spec, release.source, commands, target.variables
                )
            lost = data_messages(launcher.trees, target.environment, launcher.serving)
            # Where the same line is proposed, once is enough.
            return [*proposed, *(one for one in lost if not _says_the_same(one, proposed))]

    return await asyncio.to_thread(look)


def _says_the_same(sentence: str, others: list[str]) -> bool:
    line = _LINE.search(sentence)
    return line is not None and any(line[0] in other for other in others)
