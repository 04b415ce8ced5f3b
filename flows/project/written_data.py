"""Remarks of a flow on data that a project keeps in its own folder."""

from __future__ import annotations

import asyncio
import re

from flows.configuration.block_loading import own_ledger
from tasks.launch.data.messages import data_messages, proposed_data
from tasks.launch.target import Target, launcher_of
from tasks.release import Release

_LINE = re.compile(r"`data: \[.*?\]`")


async def data_remarks(target: Target, release: Release | None = None) -> list[str]:
    """Return a sentence for each file that would be lost, or is carried over without being named.

    For a ``release``, include what its framework will keep in its own folder.
    """

    def look() -> list[str]:
        """Look at the source, and at what was written beside it."""
        with own_ledger() as ledger:
            launcher = launcher_of(target, ledger)
            proposed = []
            if release and release.source.is_dir():
                commands = [service.command for service in launcher.services(release).values()]
                proposed = proposed_data(
                    target.project, target.spec, release.source, commands, target.variables
                )
            lost = data_messages(launcher.trees, target.environment, launcher.serving)
            # A line that is proposed already is not repeated.
            return [*proposed, *(remark for remark in lost if not _says_the_same(remark, proposed))]

    return await asyncio.to_thread(look)


def _says_the_same(sentence: str, remarks: list[str]) -> bool:
    line = _LINE.search(sentence)
    return line is not None and any(line[0] in remark for remark in remarks)
