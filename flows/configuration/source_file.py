"""From which file blocks came, and which of them it no longer says."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection
from pathlib import Path

from flows.configuration.block_loading import (
    ENVIRONMENT,
    PROJECT,
    PROVIDERS,
    REPOSITORIES,
    documents,
    ledger,
)
from tasks.ledger.configured import configured_from, record_configured


async def left_behind(file: Path, saved: Collection[str]) -> list[str]:
    """Return what ``file`` once configured, is still there and is none of what it ``saved`` now."""
    missing = await asyncio.to_thread(_no_longer_in, file, saved)
    slugs = {
        "project": [PROJECT],
        "environment": [ENVIRONMENT],
        "provider": [block.get_block_type_slug() for block in PROVIDERS.values()],
        "repository": [block.get_block_type_slug() for block in REPOSITORIES.values()],
    }
    there = {
        f"{kind}/{name}"
        for kind in {block.partition("/")[0] for block in missing}
        for slug in slugs[kind]
        for name in await documents(slug)
    }
    return [block for block in missing if block in there]


def _no_longer_in(file: Path, saved: Collection[str]) -> list[str]:
    """Record what ``file`` configures now; return what it did once, and does no more."""
    path = str(file.expanduser().resolve())
    with ledger() as book:
        record_configured(book, saved, path, time.time())
        return sorted(set(configured_from(book, path)) - set(saved))
