"""A repository of the real restic, and a subject with a folder to lose."""

from pathlib import Path

import pytest

from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject
from tests.restic_repositories import empty_repository, engine

__all__ = ["empty_repository", "engine"]


@pytest.fixture
def subject(tmp_path: Path) -> BackupSubject:
    """A project whose data folder is there, and empty."""
    data = tmp_path / "live" / "data"
    data.mkdir(parents=True)
    return BackupSubject("shop", "prod", (Source("data", data),), version="1.0", digest="abc")
