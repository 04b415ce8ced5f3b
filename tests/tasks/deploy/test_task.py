"""The Prefect tasks, through their functions."""

import logging
from collections.abc import Callable
from typing import Any

import pytest

from tasks.deploy import task
from tasks.deploy.report import RolloutReport, RolloutRevertedError, report_of
from tasks.deploy.rollout import Phase, Rollout

pytestmark = pytest.mark.prefect

Say = Callable[[Rollout], None]


class Deployer:
    """Says one phase and reports it as the end."""

    def __init__(self, phase: Phase) -> None:
        self.said: Say = lambda _rollout: None
        self._phase = phase

    def deploy(self, version: str, strategy: str) -> RolloutReport:
        """Pretend nothing but the end."""
        rollout = Rollout("My_Shop", "prod", version, strategy=strategy, phase=self._phase)
        self.said(rollout)
        return report_of("r", rollout, {"web": "http://127.0.0.1:8300/"})


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Collect the artifacts by key instead of sending them to a server."""
    made: dict[str, Any] = {}

    async def create(key: str, **fields: Any) -> None:
        """Keep what would be shown."""
        made[key] = fields

    monkeypatch.setattr(task, "acreate_markdown_artifact", create)
    monkeypatch.setattr(task, "acreate_link_artifact", create)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("rollout"))
    return made


async def test_a_deploy_shows_its_report_and_where_the_service_answers(
    artifacts: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the UI shows a green task and nothing of what it did."""
    caplog.set_level(logging.INFO)
    report = await task.deploy.fn(Deployer(Phase.DONE), "2")  # type: ignore[arg-type]  # as much of a deployer as is asked for
    assert report.succeeded
    assert artifacts["front-my-shop-prod-web"]["link"] == "http://127.0.0.1:8300/"
    assert "answers at" in artifacts["rollout-my-shop-prod"]["markdown"]
    assert "deploy of My_Shop in prod to 2: done" in caplog.text


async def test_a_reverted_deploy_fails_the_task_after_its_report(
    artifacts: dict[str, Any],
) -> None:
    """Otherwise a refused version looks like a success."""
    with pytest.raises(RolloutRevertedError):
        await task.deploy.fn(Deployer(Phase.REVERTED), "2")  # type: ignore[arg-type]  # as above
    assert "rollout-my-shop-prod" in artifacts
