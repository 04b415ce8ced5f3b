"""Tests of the home folder and its private files."""

from __future__ import annotations

from pathlib import Path

from tasks.home import Home, write_private


def test_the_home_is_closed_to_others(tmp_path: Path) -> None:
    """Others on the machine could read secrets, logs and databases."""
    home = Home(tmp_path / "home")
    home.create()
    home.create()
    assert home.root.stat().st_mode & 0o777 == 0o700
    assert all(folder.is_dir() for folder in (home.stack, home.logs, home.prefect))


def test_a_private_file_replaces_its_predecessor(tmp_path: Path) -> None:
    """A reader could meet half a record, or a draft would stay behind."""
    file = tmp_path / "record"
    write_private(file, "first")
    write_private(file, "second")
    assert file.read_text() == "second"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]
