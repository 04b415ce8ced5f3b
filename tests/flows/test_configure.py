"""Tests of the flow `configure`: two of them never change blocks at once."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path

import pytest

from flows import configure
from tasks.configuration import Configuration

pytestmark = pytest.mark.prefect


@pytest.mark.usefixtures("home")
def test_what_one_has_checked_is_what_it_saves(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: two files are saved half and half, or make two environments inherit one another."""
    began: list[float] = []
    ended: list[float] = []

    async def apply(_: Configuration, file: str) -> dict[str, list[str]]:
        """Take a while to check and save."""
        began.append(time.monotonic())
        await asyncio.sleep(0.3)
        ended.append(time.monotonic())
        return {"saved": [file]}

    monkeypatch.setattr(configure, "_apply", apply)
    monkeypatch.setattr(configure, "refuse_outside", lambda *_: None)
    file = tmp_path / "slipway.yaml"
    file.write_text("environments: {dev: {}}")
    # Each in a loop of its own, as every flow run has a process of its own.
    runs = [
        threading.Thread(target=lambda: asyncio.run(configure.configure_flow.fn(str(file))))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    for run in runs:
        run.join()
    assert began[1] >= ended[0]
