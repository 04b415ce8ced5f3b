"""Has the automations of what is configured made again, e.g. for a server whose database is new."""

from __future__ import annotations

import asyncio

from flows.configuration.notifications import make_automations


def register_automations() -> list[str]:
    """Make missing automations; return sentences on what needs a person."""
    return asyncio.run(make_automations())
