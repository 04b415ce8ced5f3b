"""Tests of the flows `deploy` and `rollback`: what they hand on, and what their runs end with."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from flows import deploy, rollback
from flows.project import side_by_side
from tasks.deploy.deployer import Deployer
from tasks.deploy.report import RolloutReport, report_of
from tasks.deploy.rollout import Phase, Rollout
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.settings import settings

URLS = {"web": "http://127.0.0.1:8300/"}


def _report(version: str) -> RolloutReport:
    rollout = Rollout("shop", "dev", version, strategy="blue_green", phase=Phase.DONE)
    return report_of("r", rollout, URLS)


@pytest.fixture(autouse=True)
def deployers(
    home_ledger: Ledger, target: Target, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[Deployer, tuple[str, ...]]]:
    """Give the deployers that the tasks were called with, and what else they got."""
    deployers: list[tuple[Deployer, tuple[str, ...]]] = []

    async def load_target(_project: str, _environment: str) -> Target:
        return target

    async def load_targets(names: list[str], _environment: str) -> dict[str, Target]:
        return dict.fromkeys(names, target)

    async def load_router() -> None:
        """Return none: nobody uses it here."""

    async def deployed(deployer: Deployer, version: str, strategy: str) -> RolloutReport:
        deployers.append((deployer, (version, strategy)))
        return _report(version)

    async def rolled_back(deployer: Deployer) -> RolloutReport:
        deployers.append((deployer, ()))
        return _report("1")

    monkeypatch.setattr(side_by_side, "load_targets", load_targets)
    monkeypatch.setattr(rollback, "load_target", load_target)
    for module in (side_by_side, rollback):
        monkeypatch.setattr(module, "load_router", load_router)
    monkeypatch.setattr(deploy, "deploying", SimpleNamespace(deploy=deployed))
    monkeypatch.setattr(rollback, "deploying", SimpleNamespace(rollback=rolled_back))
    monkeypatch.setattr(rollback, "get_run_logger", lambda: logging.getLogger("run"))
    return deployers


async def test_the_version_is_deployed_and_its_address_told(
    deployers: list[tuple[Deployer, tuple[str, ...]]],
) -> None:
    """Broken: another version is deployed, or nobody learns where it answers."""
    state: Any = await deploy.deploy_flow.fn("shop", version="2")
    [(deployer, handed_on)] = deployers
    assert handed_on == ("2", "blue_green")
    assert deployer.target.project == "shop"
    assert deployer.target.environment == "dev"
    assert "shop 2 serves in dev: web at http://127.0.0.1:8300/" in state.message


async def test_a_rollback_tells_what_serves(
    deployers: list[tuple[Deployer, tuple[str, ...]]],
) -> None:
    """Broken: who has rolled back in an emergency does not see which version is live."""
    state: Any = await rollback.rollback_flow.fn("shop", "dev")
    assert [handed_on for _, handed_on in deployers] == [()]
    assert "shop 1 serves in dev: web at http://127.0.0.1:8300/" in state.message


def test_a_deployer_has_the_public_ports_of_the_settings(
    home_ledger: Ledger, target: Target, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a deploy moves traffic to ports on which the router does not listen."""
    monkeypatch.setenv("SLIPWAY_ROUTER_PORT", "8555")
    monkeypatch.setenv("SLIPWAY_ROUTER_SLOTS", "3")
    settings.cache_clear()
    router: Any = None
    place = deploy.deployer(target, router, home_ledger).target
    assert (place.first_port, place.slots) == (8555, 3)
