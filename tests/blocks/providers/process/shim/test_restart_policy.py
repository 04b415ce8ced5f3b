"""Tests of the restart policies and of the back-off between restarts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from blocks.providers.process.shim.restart_policy import (
    MAX_DELAY_SECONDS,
    quick_ends,
    restart_delay,
)


@pytest.mark.parametrize(
    ("policy", "exit_code", "again"),
    [
        ("never", 1, False),
        ("on-failure", 0, False),
        ("on-failure", -9, True),
        ("always", 0, True),
    ],
)
def test_the_policy_decides(policy: str, exit_code: int, again: bool) -> None:
    """Broken: a finished step would run again, or a crashed service stay down."""
    assert (restart_delay(policy, exit_code, 0) is not None) == again


@given(st.integers(0, 10_000))
def test_the_delay_grows_to_its_bound(failures: int) -> None:
    """Broken: a crash loop would take a whole core, or never be tried again."""
    first, second = restart_delay("always", 1, failures), restart_delay("always", 1, failures + 1)
    assert first is not None
    assert second is not None
    assert 0 < first <= second <= min(2 * first, MAX_DELAY_SECONDS)


def test_who_ran_for_long_starts_anew() -> None:
    """Broken: a service that crashes once a day would soon wait half a minute each time."""
    assert quick_ends(7, 3600.0) == 0
    assert quick_ends(7, 0.1) == 7
