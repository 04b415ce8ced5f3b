"""`ship` stops at what fails, before anything of what is live has changed."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from flows import ship
from flows.choice import chosen_workload
from flows.ship import Shipment
from flows.workload import Ran, WorkloadFailedError
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.observe.summary import WorkloadSummary
from tasks.release import Release

LIVE = Release("shop", "0", "d0", Path("/d0"), "procfile", 0.0)


class Stage:
    """Stands in for the capabilities; notes which were used, on which version."""

    def __init__(self, release: Release, live: Release | None, *failures: tuple[str, str]) -> None:
        self.release, self.live, self.failures = release, live, failures
        self.did: list[str] = []

    async def build(self, target: Target, version: str) -> Release:
        """Build."""
        self.did.append(f"build {version}")
        return self.release

    async def launch(self, target: Target, release: Release, router: object) -> Any:
        """Launch."""
        self.did.append(f"launch {release.version}")
        return SimpleNamespace(urls={"web": "http://old/"})

    async def run_workload(self, job: Any, book: Ledger) -> Ran:
        """Run a workload of the release."""
        self.did.append(f"run {job.workload} of {job.release.version}")
        summary = WorkloadSummary("tests", "", (), 1, 1, 1, "default", failures=self.failures)
        return Ran(summary, ())

    async def take_snapshot(
        self, target: Target, repository: object, book: Ledger, after: object
    ) -> Any:
        """Back up."""
        self.did.append("backup")
        return SimpleNamespace(id="s1")

    async def deploy(self, deployer: object, version: str, wait_for: object) -> Any:
        """Deploy."""
        self.did.append(f"deploy {version}")
        return SimpleNamespace(release="d1", from_version="0", urls={"web": "http://new/"})

    async def load_providers(self, names: list[str]) -> dict[str, Any]:
        """Return none: nothing here looks at them."""
        return {}


def _staged(monkeypatch: pytest.MonkeyPatch, stage: Stage) -> Stage:
    for name in ("run_workload", "take_snapshot", "load_providers"):
        monkeypatch.setattr(ship, name, getattr(stage, name))
    monkeypatch.setattr(ship, "live_release", lambda _: stage.live)
    monkeypatch.setattr(ship, "deployer", lambda *_: None)
    monkeypatch.setattr(ship, "launching", stage)
    monkeypatch.setattr(ship, "deploying", stage)
    return stage


async def _shipped(target: Target, book: Ledger, workload: str = "tests") -> Shipment:
    anything: Any = None
    chosen = chosen_workload(target, workload) if workload else None
    shipment = Shipment(target, "1")
    try:
        await ship._ship(shipment, anything, chosen, anything, book)
    except WorkloadFailedError:
        shipment.urls = (*shipment.urls, "refused")
    return shipment


async def test_everything_in_its_order(
    monkeypatch: pytest.MonkeyPatch, target: Target, release: Release, book: Ledger
) -> None:
    """Broken: traffic moves before the tests have passed, or before the data is safe."""
    stage = _staged(monkeypatch, Stage(release, LIVE))
    shipment = await _shipped(target, book)
    # What is live goes on serving while the new version is tested.
    assert stage.did == ["build 1", "launch 0", "run tests of 1", "backup", "deploy 1"]
    assert shipment.urls == ("http://new/",)
    made = shipment.summary()
    assert [(name, outcome) for name, _, outcome in made.parts] == [
        ("build", "done"),
        ("launch", "done"),
        ("split, distribute, allocate, run", "done"),
        ("backup", "done"),
        ("deploy", "done"),
    ]
    assert (made.release, made.replaced, made.snapshot) == ("d1", "0", "s1")


async def test_failed_tests_stop_it_and_are_reported(
    monkeypatch: pytest.MonkeyPatch, target: Target, release: Release, book: Ledger
) -> None:
    """Broken: a version whose tests fail gets the traffic, or the report does not say why not."""
    stage = _staged(monkeypatch, Stage(release, LIVE, ("t::a", "assert 0")))
    shipment = await _shipped(target, book)
    assert stage.did == ["build 1", "launch 0", "run tests of 1"]
    assert shipment.urls == ("http://old/", "refused")
    assert shipment.parts[-1][::2] == ("split, distribute, allocate, run", "failed")
    workload = shipment.summary().workload
    assert workload is not None
    assert workload.failures == (("t::a", "assert 0"),)


async def test_the_first_version_of_all_is_launched_untested(
    monkeypatch: pytest.MonkeyPatch, target: Target, release: Release, book: Ledger
) -> None:
    """Broken: a project that runs nowhere yet cannot be shipped; or, without a workload, at all."""
    stage = _staged(monkeypatch, Stage(release, None))
    await _shipped(target, book, workload="")
    assert stage.did == ["build 1", "launch 1", "backup", "deploy 1"]
