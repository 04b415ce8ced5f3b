"""Folders that are made and removed as wholes lie apart on the disk."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.launch.spreading import spread


def test_a_folder_is_used_as_before_where_nothing_can_be_spread(tmp_path: Path) -> None:
    """A home on another file system, or one that is spread already, would be refused."""
    for _ in range(2):
        spread(tmp_path)
    (tmp_path / "a").mkdir()
    assert (tmp_path / "a").is_dir()


def test_ext4_takes_it_for_the_top_of_a_hierarchy(tmp_path: Path) -> None:
    """Each workload would wait for seconds because the one before it was just removed."""
    file_system = subprocess.run(
        ["stat", "-f", "-c", "%T", str(tmp_path)], check=False, capture_output=True, text=True
    )
    if not file_system.stdout.startswith("ext2") or shutil.which("lsattr") is None:
        pytest.skip("needs ext4 and lsattr")
    spread(tmp_path)
    attributes = subprocess.run(
        ["lsattr", "-d", str(tmp_path)], check=True, capture_output=True, text=True
    )
    assert "T" in attributes.stdout.split()[0]
