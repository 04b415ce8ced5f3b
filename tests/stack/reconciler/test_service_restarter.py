"""Tests that decide when a lost service is launched again."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from stack.reconciler.service_restarter import (
    FORGIVEN_SECONDS,
    MAX_PAUSE_SECONDS,
    Attempt,
    EnvironmentKey,
    due,
    pause_after,
    remember,
)

WEB = EnvironmentKey("web", "prod")
API = EnvironmentKey("api", "prod")


def test_the_first_time_is_at_once() -> None:
    """A crashed service would stay down for no reason."""
    assert due([WEB, API], [], {}, now=100.0) == [API, WEB]


def test_an_open_rollout_is_left_alone() -> None:
    """A launch would start what a rollout is about to replace."""
    assert due([WEB], [WEB], {}, now=100.0) == []


def test_a_service_that_keeps_dying_is_launched_ever_later() -> None:
    """It would be launched every two seconds for ever, and starve the rest."""
    attempts = remember({}, [WEB], 0.0)
    assert due([WEB], [], attempts, now=9.9) == []
    assert due([WEB], [], attempts, now=10.0) == [WEB]
    attempts = remember(attempts, [WEB], 10.0)
    assert attempts == {WEB: Attempt(2, 10.0)}
    assert due([WEB], [], attempts, now=29.9) == []


def test_old_troubles_are_forgiven() -> None:
    """A service that died twice last month would wait minutes today."""
    attempts = {WEB: Attempt(7, 0.0)}
    assert remember(attempts, [WEB], FORGIVEN_SECONDS) == {WEB: Attempt(1, FORGIVEN_SECONDS)}


@given(st.integers(min_value=1, max_value=500))
def test_pauses_grow_to_a_limit(count: int) -> None:
    """A pause could shrink, or grow until nobody is left to see the next attempt."""
    assert pause_after(count) <= pause_after(count + 1) <= MAX_PAUSE_SECONDS
