"""Tests of addresses of Apprise: known ones, others, and what is shown of them."""

from __future__ import annotations

import logging

import pytest

from blocks.apprise_address import is_known_address, shown_address


@pytest.mark.parametrize(
    ("address", "known"),
    [
        ("json://user:hunter22@127.0.0.1:8080/path", True),
        ("mailto://user:hunter22@example.org", True),
        ("https://hooks.slack.com/services/T1/B1/hunter22", True),
        ("json://127.0.0.1/?to=https://example.org/hunter22", True),
        ("json://user:hunter22@127.0.0.1:99999", False),
        ("json://user:hunter22@127.0.0.1:0", False),
        ("json://user:hunter22@127.0.0.1:-5", False),
        ("json://user:hunter22@127.0.0.1 json://other:hunter22@127.0.0.1", False),
        ("jsn://user:hunter22@127.0.0.1", False),
        ("slack://hunter22", False),
        ("https://example.org/hunter22", False),
        ("hunter22", False),
        ("", False),
    ],
)
def test_only_what_can_be_sent_to_is_known(
    address: str, caplog: pytest.LogCaptureFixture, *, known: bool
) -> None:
    """A misspelt address would swallow every message, or its password stand in a log."""
    caplog.set_level(logging.DEBUG)
    assert is_known_address(address) is known
    assert "hunter22" not in caplog.text
    assert "hunter22" not in shown_address(address)
    assert not logging.getLogger("apprise").disabled


def test_the_service_is_shown() -> None:
    """Nobody could tell which address is meant."""
    assert shown_address("jsn://user:hunter22@127.0.0.1") == "jsn://..."
