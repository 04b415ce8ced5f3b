"""The task that watches a history: what it logs, and what it writes."""

from __future__ import annotations

import logging
from contextlib import closing
from pathlib import Path

import pytest

from analytics.history.runs import Run
from tasks.ledger.connection import open_ledger
from tasks.ledger.insights import insights
from tasks.settings import settings

pytestmark = pytest.mark.prefect


def runs_of(*seconds: float) -> list[Run]:
    """Return the runs of a step, a hundred seconds apart."""
    starts = [100.0 * turn for turn in range(len(seconds))]
    return [
        Run("shell", "shop/ci/build", at, at + took, took, succeeded=True, state="succeeded")
        for at, took in zip(starts, seconds, strict=True)
    ]


async def test_a_slowdown_is_written_and_logged_once(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody would hear of it, or everybody would each night again."""
    # Importing Prefect takes seconds, which other tests must not pay.
    from analytics.insights import task  # noqa: PLC0415

    # Prefect takes over the root logger once it is imported.
    log = logging.getLogger("slipway.watched")
    log.propagate = False
    log.addHandler(caplog.handler)
    monkeypatch.setattr(task, "get_run_logger", lambda: log)
    events: list[str] = []
    monkeypatch.setattr(task, "emit_event", lambda event, **_: events.append(event))
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    settings.cache_clear()
    slower = (10.0,) * 8 + (25.0,) * 5
    with closing(open_ledger(settings().resolved_ledger_url())) as ledger:
        first = await task.watch_runs.fn(runs_of(*slower))
        again = await task.watch_runs.fn(runs_of(*slower))
        assert [insight.finding.key for insight in first.raised] == ["shop/ci/build"]
        assert (again.raised, len(again.open)) == ((), 1)
        assert caplog.text.count("Raised (critical): shop/ci/build") == 1
        [insight] = insights(ledger)
    settings.cache_clear()
    assert events == ["slipway.insight.raised"]
    assert (insight.key, insight.closed_at) == ("shop/ci/build", None)
