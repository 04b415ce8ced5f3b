"""The tasks of a training: what they publish, and when they are due again."""

from __future__ import annotations

import logging
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from analytics.history.runs import Run
from tasks.ledger.connection import open_ledger
from tasks.ledger.estimates import read_estimates
from tasks.ledger.models import models
from tasks.settings import settings

pytestmark = pytest.mark.prefect


def runs_of(number: int) -> list[Run]:
    """Return the newest runs of a step, which always takes 30 s."""
    starts = [time.time() - 100.0 * (number - turn) for turn in range(number)]
    return [
        Run("shell", "step/build", at, at + 30.0, 30.0, succeeded=True, state="succeeded")
        for at in starts
    ]


async def test_what_is_fitted_is_published_and_then_not_due(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Planning would not see what was learnt, or the same would be learnt every hour."""
    # Importing Prefect takes seconds, which other tests must not pay.
    from analytics.training import task  # noqa: PLC0415

    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("run"))
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    settings.cache_clear()
    runs = runs_of(60)
    with closing(open_ledger(settings().resolved_ledger_url())) as ledger:
        assert await task.see_what_is_due.fn(runs)
        assert await task.publish.fn(await task.fit.fn(runs)) == 1
        estimates = read_estimates(ledger, ["step/build"], "shell")
        versions = [model.version for model in models(ledger, "durations")]
        assert await task.see_what_is_due.fn(runs) == ""
    settings.cache_clear()
    assert estimates["step/build"].p50_seconds == pytest.approx(30.0)
    assert versions == [1]
    assert (tmp_path / "models" / "durations-000001.npz").exists()


async def test_without_decisions_no_calibration_is_shown(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A fresh installation would show an empty chart, or its training would fail."""
    from analytics.training import task  # noqa: PLC0415 - as above

    artifacts: list[dict[str, Any]] = []

    async def show(*_: Any, **fields: Any) -> None:
        """Keep what would be shown."""
        artifacts.append(fields)

    monkeypatch.setattr(task, "acreate_markdown_artifact", show)
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path))
    settings.cache_clear()
    await task.show_calibration.fn(90)
    settings.cache_clear()
    assert artifacts == []
