"""The columns of a history, and the words for its groups."""

from __future__ import annotations

import pytest

from analytics.history.columns import LEVELS, worded


@pytest.mark.parametrize("level", LEVELS)
def test_every_group_has_words(level: str) -> None:
    """Who reads by which rule something was forecast would have to know our names."""
    assert worded(f"last run of {level}").startswith("last run of ")
    assert worded(f"last run of {level}") != f"last run of {level}"


def test_what_names_no_group_stays() -> None:
    """A key that holds the word would be changed."""
    assert [worded(name) for name in ("hour", "key", "share of failures")] == [
        "hour",
        "key",
        "share of failures",
    ]
