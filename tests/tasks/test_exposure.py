"""Tests that find services which can be reached past the router."""

from __future__ import annotations

import pytest

from blocks.providers.process.listening import Socket
from tasks.exposure import exposure_sentence, past_router

LOOPBACK = Socket("127.0.0.1", 20001)
EVERYWHERE = Socket("0.0.0.0", 20001)  # noqa: S104 - it is what is looked for
EVERYWHERE_6 = Socket("::", 20001)


@pytest.mark.parametrize(
    ("host", "exposed"),
    [
        ("127.0.0.1", [EVERYWHERE, EVERYWHERE_6]),
        ("localhost", [EVERYWHERE, EVERYWHERE_6]),
        ("10.0.0.5", [EVERYWHERE, EVERYWHERE_6]),
        ("0.0.0.0", []),  # noqa: S104 - it is what somebody may ask for
        ("::", []),
    ],
)
def test_what_is_wider_than_asked_is_exposed(host: str, exposed: list[Socket]) -> None:
    """Broken: one that is open to the network is not named, or one is that was asked to be."""
    assert past_router(host, [LOOPBACK, EVERYWHERE, EVERYWHERE_6]) == exposed


def test_what_cannot_be_seen_is_not_guessed() -> None:
    """Broken: where sockets cannot be read, every service would be called open."""
    assert past_router("127.0.0.1", []) == []


def test_the_sentence_names_place_and_remedy() -> None:
    """Broken: somebody reads that a service is open, and neither where nor what to write."""
    sentence = exposure_sentence("shop/prod/web", "127.0.0.1", {EVERYWHERE_6, EVERYWHERE})
    assert "shop/prod/web listens on 0.0.0.0:20001 and [::]:20001, " in sentence
    assert "SLIPWAY_HOST is 127.0.0.1" in sentence
    assert "gunicorn -b {{ host }}:{{ port }}" in sentence
