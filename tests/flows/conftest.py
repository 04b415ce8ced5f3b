"""Fixtures for the tests of flows: a project, a release, and ledgers that know a provider."""

from __future__ import annotations

import shutil
from contextlib import closing
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from blocks.providers.interface import Resources
from blocks.workload_spec import PytestWorkload, StepsWorkload
from tasks.launch.target import Target
from tasks.ledger.connection import open_ledger
from tasks.ledger.providers import register_provider
from tasks.release import Release


@pytest.fixture(scope="session")
def ledger_template(ledger_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the file of a ledger that knows one provider, of two CPUs and two slots."""
    path = shutil.copy(ledger_template, tmp_path_factory.mktemp("fleet") / "ledger.db")
    room = Resources(cpus=2, memory_mib=4096, slots=2)
    with closing(open_ledger(f"sqlite:///{path}")) as ledger:
        register_provider(ledger, "local", "shell", room, 1.0, 0.0, 0.0)
    return Path(path)


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
