"""The Prefect tasks, through their functions."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import pytest

from tasks.deploy import task
from tasks.deploy.report import RolloutReport, RolloutRevertedError, report_of
from tasks.deploy.rollout import Phase, Rollout
from tasks.narration import tell

pytestmark = pytest.mark.prefect

Say = Callable[[Rollout], None]


@dataclass(frozen=True)
class Place:
    """Where it deploys."""

    project: str = "my-shop"
    environment: str = "prod"


class Deployer:
    """Says one phase and reports it as the end; a rollback waits before that."""

    target = Place()

    def __init__(self, phase: Phase) -> None:
        self.on_change: Say = lambda _rollout: None
        self._phase = phase
        self.waiting = threading.Event()

    def deploy(self, version: str, strategy: str) -> RolloutReport:
        """Pretend nothing but the end."""
        rollout = Rollout("my-shop", "prod", version, strategy=strategy, phase=self._phase)
        self.on_change(rollout)
        return report_of("r", rollout, {"web": "http://127.0.0.1:8300/"})

    def rollback(self) -> RolloutReport:
        """Wait until it is shown that it waits."""
        tell("Waiting for the end of the deploy of 2")
        assert self.waiting.wait(30)
        return self.deploy("1", "blue_green")


@pytest.fixture
def artifacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Collect the artifacts by key instead of sending them to a server."""
    created: dict[str, Any] = {}

    async def create(key: str, **fields: Any) -> None:
        """Keep what would be shown."""
        created[key] = fields

    monkeypatch.setattr(task, "acreate_markdown_artifact", create)
    monkeypatch.setattr(task, "acreate_link_artifact", create)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("rollout"))
    return created


async def test_a_deploy_shows_its_report_and_where_the_service_answers(
    artifacts: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    """Otherwise the UI shows a green task and nothing of what it did."""
    caplog.set_level(logging.INFO)
    report = await task.deploy.fn(Deployer(Phase.DONE), "2")  # type: ignore[arg-type]  # as much of a deployer as is asked for
    assert report.succeeded
    assert artifacts["address--my-shop--prod--web"]["link"] == "http://127.0.0.1:8300/"
    assert "answers at" in artifacts["rollout--my-shop--prod"]["markdown"]
    assert "deploy of my-shop in prod to 2: done" in caplog.text


async def test_for_what_a_rollback_waits_is_shown_while_it_waits(
    artifacts: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise who rolls back in need sees a run that does nothing, and has to open its log."""
    deployer, progress = Deployer(Phase.DONE), list[str]()

    async def create(fraction: float, description: str) -> UUID:
        """Keep what would be shown, and have the rollback go on."""
        progress.append(f"{fraction:.0f} {description}")
        deployer.waiting.set()
        return uuid4()

    async def update(_: UUID, fraction: float, description: str) -> None:
        """Keep what would be shown."""
        progress.append(f"{fraction:.0f} {description}")

    monkeypatch.setattr(task, "acreate_progress_artifact", create)
    monkeypatch.setattr(task, "aupdate_progress_artifact", update)
    monkeypatch.setattr(task, "_PROGRESS_SECONDS", 0.01)
    report = await task.rollback.fn(deployer)  # type: ignore[arg-type]  # as above
    assert report.succeeded
    assert progress == [
        "0 Rollback of my-shop in prod: Waiting for the end of the deploy of 2",
        "100 Rollback of my-shop in prod",
    ]
    assert "rollout--my-shop--prod" in artifacts


async def test_a_reverted_deploy_fails_the_task_after_its_report(
    artifacts: dict[str, Any],
) -> None:
    """Otherwise a refused version looks like a success."""
    with pytest.raises(RolloutRevertedError):
        await task.deploy.fn(Deployer(Phase.REVERTED), "2")  # type: ignore[arg-type]  # as above
    assert "rollout--my-shop--prod" in artifacts
