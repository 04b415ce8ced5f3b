"""Tests that the worker says why it ends."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable

import pytest

from stack.worker import main
from stack.worker.starts import Starts

pytestmark = pytest.mark.prefect


@pytest.fixture(autouse=True)
def _without_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """Listen to no server: without an address Prefect would start one."""

    async def listen(*_: object) -> None:
        """Hear nothing."""

    monkeypatch.setattr(main, "listen", listen)


class Fake:
    """Stands for Prefect's worker."""

    act: Callable[[], object]
    seconds = 0

    def __init__(self, **_: object) -> None:
        self.starts = Starts(1)

    async def start(self, printer: object) -> None:
        """Do what the test says, then wait."""
        type(self).act()
        await asyncio.sleep(self.seconds)


def refuse() -> None:
    """Fail as a folder of another user does."""
    raise PermissionError("runner_storage")


@pytest.mark.parametrize(
    ("act", "error"), [(refuse, PermissionError), (lambda: None, RuntimeError)]
)
def test_a_worker_that_ends_by_itself_fails_with_its_reason(
    act: Callable[[], object], error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: it would end with code 0 and an empty log, again and again."""
    monkeypatch.setattr(Fake, "act", staticmethod(act), raising=False)
    monkeypatch.setattr(main, "worker_of", lambda _: Fake)
    with pytest.raises(error):
        asyncio.run(main.serve("slipway", "slipway"))


def test_a_worker_that_is_told_to_stop_ends_well(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: `make down` would look like a crash."""

    def stop() -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(Fake, "act", staticmethod(stop), raising=False)
    monkeypatch.setattr(Fake, "seconds", 60)
    monkeypatch.setattr(main, "worker_of", lambda _: Fake)
    asyncio.run(main.serve("slipway", "slipway"))
