"""Tests of invalid settings, which are refused by their users' names for them."""

from __future__ import annotations

import pytest

from tasks.errors import BadInputError
from tasks.settings import settings


@pytest.mark.parametrize(
    ("name", "value", "problem"),
    [
        ("SLIPWAY_AUTH", "maybe", "is neither true nor false"),
        ("SLIPWAY_SERVER_PORT", "http", "is not a whole number"),
        ("SLIPWAY_RECONCILE_SECONDS", "0", "must be more than 0"),
    ],
)
def test_a_value_that_cannot_be_is_named(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str, problem: str
) -> None:
    """Broken: `make up` ends with a stack trace that names no variable."""
    monkeypatch.setenv(name, value)
    with pytest.raises(BadInputError, match=rf"^{name}: {problem} \(got '{value}'\)"):
        settings.__wrapped__()
