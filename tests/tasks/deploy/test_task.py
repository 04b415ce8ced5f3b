"""The Prefect tasks, through their functions."""

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
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
    monkeypatch.setattr(task, "emit_event", lambda **_: None)
    return created


@pytest.fixture
def events(artifacts: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Collect the events instead of sending them to a server."""
    emitted: list[str] = []
    assert artifacts == {}

    def emit(event: str, resource: dict[str, str], **_: object) -> None:
        """Keep what would be sent."""
        emitted.append(f"{event} {resource['prefect.resource.id']}")

    monkeypatch.setattr(task, "emit_event", emit)
    return emitted


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


class TurningDeployer(Deployer):
    """Finds a dead rollout of another project, then goes through some phases to its end."""

    on_reconciled: Say

    def deploy(self, version: str, strategy: str) -> RolloutReport:
        """Go through the phases, and be saved twice in one."""
        self.on_reconciled(Rollout("blog", "prod", "7", phase=Phase.REVERTED))
        for phase in (Phase.PREPARING, Phase.BUILT, Phase.GATING, Phase.GATING):
            self.on_change(Rollout("my-shop", "prod", version, phase=phase))
        return super().deploy(version, strategy)


@pytest.mark.parametrize("end", [Phase.DONE, Phase.REVERTED])
async def test_each_event_of_a_rollout_is_emitted_once(events: list[str], end: Phase) -> None:
    """Somebody would be told at every phase, or never how it ended."""
    with suppress(RolloutRevertedError):
        await task.deploy.fn(TurningDeployer(end), "2")  # type: ignore[arg-type]  # as above
    assert events == [
        "slipway.deploy.reverted slipway.project.blog.prod",
        "slipway.deploy.started slipway.project.my-shop.prod",
        f"slipway.deploy.{end} slipway.project.my-shop.prod",
    ]
