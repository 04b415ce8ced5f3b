"""How many examples are drawn for a property that takes long."""

from __future__ import annotations

from hypothesis import settings


def at_most(examples: int) -> settings:
    """Draw so many examples, or fewer where the profile of `tests/conftest.py` draws fewer."""
    return settings(max_examples=min(examples, settings().max_examples))
