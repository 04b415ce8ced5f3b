"""Tests of the messages of completed states."""

from __future__ import annotations

from typing import Any

import pytest

from flows.run_state.completion import OVERTAKEN, answers_at, concluded

URLS = {"web": "http://127.0.0.1:8300", "api": "http://127.0.0.1:8301"}


@pytest.mark.parametrize("remarks", [[], ["Mind the data."]])
def test_the_state_says_where_it_answers(remarks: list[str]) -> None:
    """Broken: whoever launches has to look for the address, or a warning takes its place."""
    state: Any = concluded(URLS, f"shop: {answers_at(URLS)}", remarks)
    where = "shop: web at http://127.0.0.1:8300, api at http://127.0.0.1:8301"
    assert state.message.splitlines() == [where, *remarks]
    assert (state.name, state.data) == ("Completed", URLS)
    assert answers_at({}) == "it has no port"


def test_what_was_overtaken_is_not_completed_like_any_other() -> None:
    """Broken: a launch that another run has undone reads as if its version served."""
    state: Any = concluded(URLS, "shop 1 serves", [], "shop 1 does not serve: replaced by 2.")
    assert state.name == OVERTAKEN
    assert state.message.splitlines()[0] == "shop 1 does not serve: replaced by 2."
    assert state.is_completed()
