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


def test_a_range_of_ports_that_holds_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: `make up` starts everything, and no service can ever be launched."""
    monkeypatch.setenv("SLIPWAY_SERVICE_PORT_LOW", "23199")
    monkeypatch.setenv("SLIPWAY_SERVICE_PORT_HIGH", "23180")
    with pytest.raises(BadInputError) as refused:
        settings.__wrapped__()
    assert str(refused.value) == (
        "SLIPWAY_SERVICE_PORT_HIGH: is below SLIPWAY_SERVICE_PORT_LOW, which is 23199: no port "
        "could be leased (got 23180). Write 23199 or more, or set SLIPWAY_SERVICE_PORT_LOW to "
        "23180 or less."
    )
    monkeypatch.setenv("SLIPWAY_SERVICE_PORT_HIGH", "23199")
    assert settings.__wrapped__().service_port_high == 23199
