"""A repository of the real restic, and a subject with a folder to lose."""

import os
import shutil
from pathlib import Path

import pytest

from blocks.repositories.restic_engine import ResticEngine
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject

PASSWORD = "hunter22"


@pytest.fixture(scope="session")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A restic repository without snapshots, to be copied: making one takes a second."""
    if not shutil.which("restic") and os.environ.get("SLIPWAY_REQUIRE_RESTIC") != "1":
        pytest.skip("restic is not installed")
    folder = tmp_path_factory.mktemp("restic")
    ResticEngine(str(folder / "repo"), PASSWORD, cache=folder / "cache").create()
    return folder / "repo"


@pytest.fixture
def engine(tmp_path: Path, empty_repository: Path) -> ResticEngine:
    """A restic repository of the test's own, without snapshots."""
    shutil.copytree(empty_repository, tmp_path / "repo")
    return ResticEngine(str(tmp_path / "repo"), PASSWORD, cache=tmp_path / "cache")


@pytest.fixture
def subject(tmp_path: Path) -> BackupSubject:
    """A project whose data folder is there, and empty."""
    data = tmp_path / "live" / "data"
    data.mkdir(parents=True)
    return BackupSubject("shop", "prod", (Source("data", data),), version="1.0", digest="abc")
