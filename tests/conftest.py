"""What makes the fast tests fast: properties are searched deeply only where all tests run."""

from __future__ import annotations

import gc

import pytest
from hypothesis import settings

settings.register_profile("quick", max_examples=30, deadline=None)
settings.register_profile("deep", max_examples=100, deadline=None)


def pytest_configure(config: pytest.Config) -> None:
    """Search quickly where only the fast tests were asked for, as `make check` does."""
    settings.load_profile("quick" if "not integration" in config.option.markexpr else "deep")


def pytest_collection_finish() -> None:
    """Leave what was imported alone: looking through it for garbage takes a tenth of the time."""
    gc.freeze()
