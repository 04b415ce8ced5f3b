"""Tests of the flow `restore`: targets that it refuses before anything is read, and its result."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from blocks.project_spec import ProjectSpec
from flows import restore
from tasks.errors import NotFoundError
from tasks.launch.target import Target


@pytest.fixture
def restored(home: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Give the folders that were restored to; a comparison finds one path changed meanwhile."""
    restored: list[Path] = []

    async def folders() -> dict[str, Path]:
        return {}

    async def load_project(_name: str) -> ProjectSpec:
        return target.spec

    async def load_repository(_name: str) -> None:
        """Return none: nobody uses it here."""

    async def task(
        _project: str, _repository: object, _ledger: object, folder: Path, _snapshot: str
    ) -> Any:
        restored.append(folder)
        return SimpleNamespace(files=3, changed=("a",), identical=True)

    monkeypatch.setattr(restore, "repository_folders", folders)
    monkeypatch.setattr(restore, "project_folders", folders)
    monkeypatch.setattr(restore, "load_project", load_project)
    monkeypatch.setattr(restore, "load_repository", load_repository)
    monkeypatch.setattr(restore, "backing_up", SimpleNamespace(restore=task))
    return restored


async def test_what_slipway_keeps_is_no_target(restored: list[Path], home: Path) -> None:
    """Broken: a restore overwrites the ledger, or the releases that serve."""
    state: Any = await restore.restore_flow.fn("shop", str(home / "releases" / "shop"))
    assert state.is_failed()
    assert state.message.startswith("target:")
    assert restored == []


async def test_a_forgotten_project_is_configured_again_for_its_snapshots(
    restored: list[Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: who forgot a project by mistake reads that it is unknown, and takes it for lost."""

    async def load_project(name: str) -> ProjectSpec:
        raise NotFoundError("project", name, ["blog"], "Create a block")

    monkeypatch.setattr(restore, "load_project", load_project)
    state: Any = await restore.restore_flow.fn("shop", str(tmp_path / "back"))
    assert state.message.startswith("project: unknown; known are: blog (got 'shop'). To restore")
    assert "configure the project again" in state.message
    assert restored == []


async def test_the_comparison_is_the_result(restored: list[Path], tmp_path: Path) -> None:
    """Broken: nobody learns whether what came back is what was backed up."""
    state: Any = await restore.restore_flow.fn("shop", str(tmp_path / "back"))
    assert restored == [tmp_path / "back"]
    assert state.data is True
    assert state.message.startswith("3 files of shop restored to ")
    assert state.message.endswith("1 path changed while they were backed up.")
