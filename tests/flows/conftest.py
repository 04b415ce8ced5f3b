"""Fixtures for the tests of flows: a project, a release and a ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from blocks.providers.interface import Resources
from blocks.workload_spec import PytestWorkload, StepsWorkload
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.providers import register_provider
from tasks.release import Release
from tasks.settings import settings


@pytest.fixture(scope="session")
def prefect_server() -> Iterator[None]:
    """Give the flows of these tests a Prefect server, which takes some twenty seconds to start."""
    # Imports the whole server, which the tests without one need not wait for.
    from prefect.testing.utilities import prefect_test_harness  # noqa: PLC0415

    with prefect_test_harness(server_startup_timeout=120):
        yield


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a ledger that knows one provider; making one takes long, copying none."""
    path = tmp_path_factory.mktemp("template") / "ledger.db"
    ledger = open_ledger(f"sqlite:///{path}")
    register_provider(ledger, "local", "shell", Resources(cpus=2, slots=2), 1.0, 0.0, 0.0)
    ledger.close()
    return path


@pytest.fixture
def ledger(template: Path, tmp_path: Path) -> Iterator[Ledger]:
    """Give a ledger that knows one provider, of two CPUs and two slots."""
    path = shutil.copy(template, tmp_path / "ledger.db")
    ledger = open_ledger(f"sqlite:///{path}")
    yield ledger
    ledger.close()


@pytest.fixture
def target(tmp_path: Path) -> Target:
    """Give a project with two workloads in an environment with a variable and a secret."""
    steps = StepsWorkload.model_validate({"steps": [{"id": "build", "run": "make"}]})
    spec = ProjectSpec(
        source=str(tmp_path),
        version="1",
        workloads={"build": steps, "tests": PytestWorkload(kind="pytest")},
    )
    variables = {"DATABASE": "{{ data }}/shop.db"}
    return Target("shop", spec, "dev", variables, {"API_KEY": "hunter2"})


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Give a release of it without programs of its own."""
    return Release("shop", "1", "d1", tmp_path / "d1", "procfile", 0.0)


@pytest.fixture
def shared(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Ledger]:
    """Give the ledger that flows and tasks find, with this machine registered."""
    monkeypatch.setenv("SLIPWAY_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("SLIPWAY_LEDGER_URL", raising=False)
    monkeypatch.delenv("SLIPWAY_DATABASE_URL", raising=False)
    settings.cache_clear()
    room = Resources(cpus=2, memory_mib=4096, slots=2)
    opened = open_ledger(settings().resolved_ledger_url())
    register_provider(opened, "local", "shell", room, 1.0, 0.0, 0.0)
    yield opened
    opened.close()
    settings.cache_clear()
