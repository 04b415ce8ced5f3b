"""Slow requests, which a deploy must not cut off."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from wsgi_client import Client


class TestSlow:
    """GET /slow."""

    @pytest.mark.parametrize("seconds", [0.5, 1.0, 1.5, 2.0])
    def test_it_takes_that_long(self, client: Client, seconds: float) -> None:
        """What looks like a request in flight would already be over."""
        start = time.monotonic()
        answer = client.get(f"/slow?seconds={seconds}")
        assert answer.json() == {"slept": seconds, "version": "9.8.7"}
        assert time.monotonic() - start >= seconds

    @pytest.mark.parametrize("seconds", ["-1", "10.1", "soon", "nan"])
    def test_bounds(self, client: Client, seconds: str) -> None:
        """Anybody could hold a thread for ever."""
        assert client.get(f"/slow?seconds={seconds}").status == 400

    def test_others_are_answered_meanwhile(self, client: Client) -> None:
        """One slow visitor would keep all others waiting."""
        with ThreadPoolExecutor(1) as pool:
            slow = pool.submit(client.get, "/slow?seconds=1")
            assert client.get("/health").status == 200
            assert not slow.done()
            assert slow.result().status == 200
