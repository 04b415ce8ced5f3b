"""A repository of the real restic, and a subject with a folder to lose."""

import os
import shutil
from pathlib import Path

import pytest

from blocks.repositories.restic_engine import ResticEngine
from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject


@pytest.fixture
def engine(tmp_path: Path) -> ResticEngine:
    """A restic repository that does not exist yet."""
    if not shutil.which("restic") and os.environ.get("SLIPWAY_REQUIRE_RESTIC") != "1":
        pytest.skip("restic is not installed")
    return ResticEngine(str(tmp_path / "repo"), "hunter22", cache=tmp_path / "cache")


@pytest.fixture
def subject(tmp_path: Path) -> BackupSubject:
    """A project whose data folder is there, and empty."""
    data = tmp_path / "live" / "data"
    data.mkdir(parents=True)
    return BackupSubject("shop", "prod", (Source("data", data),), version="1.0", digest="abc")
