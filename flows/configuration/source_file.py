"""Finds blocks that a configuration file once defined and no longer does."""

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
    own_ledger,
)
from flows.configuration.block_reading import documents
from flows.configuration.notifications import NOTIFICATION
from tasks.ledger.configured import configured_from, record_configured


async def left_behind(file: Path, saved: Collection[str]) -> list[str]:
    """Return existing blocks that ``file`` once configured, and has not ``saved`` now."""
    missing = await asyncio.to_thread(_no_longer_in, file, saved)
    slugs = {
        "project": [PROJECT],
        "environment": [ENVIRONMENT],
        "provider": [block.get_block_type_slug() for block in PROVIDERS.values()],
        "repository": [block.get_block_type_slug() for block in REPOSITORIES.values()],
        "notification": [NOTIFICATION],
    }
    existing = {
        f"{kind}/{name}"
        for kind in {block.partition("/")[0] for block in missing}
        for slug in slugs[kind]
        for name in await documents(slug)
    }
    return [block for block in missing if block in existing]


def _no_longer_in(file: Path, saved: Collection[str]) -> list[str]:
    """Record what ``file`` configures now; return what it once configured and no longer does."""
    path = str(file.expanduser().resolve())
    with own_ledger() as ledger:
        record_configured(ledger, saved, path, time.time())
        return sorted(set(configured_from(ledger, path)) - set(saved))
