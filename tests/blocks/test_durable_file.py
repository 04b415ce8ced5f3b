"""Tests of durable files: each is whole or absent, whatever happens meanwhile."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from blocks.durable_file import keep, sync_tree, write

ROOT = Path(__file__).parents[2]
LIMITED = """
import resource, signal, sys
from blocks.durable_file import write
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))
try:
    write(sys.argv[1], "x" * 5000)
except OSError as error:
    print(type(error).__name__)
"""


def test_it_replaces_its_predecessor_for_its_owner_alone(tmp_path: Path) -> None:
    """Broken: half a record would be met, others could read it, or a draft would stay."""
    file = tmp_path / "record"
    write(str(file), "first")
    write(str(file), "größe", durable=False)
    assert file.read_text("utf-8") == "größe"
    assert file.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_what_stands_there_already_is_not_written_again(tmp_path: Path) -> None:
    """Broken: the router needs room to start as it was."""
    file = tmp_path / "record"
    keep(str(file), "größe")
    first = file.stat().st_ino
    keep(str(file), "größe")
    assert file.stat().st_ino == first
    keep(str(file), "other")
    assert file.read_text("utf-8") == "other"


def test_what_finds_no_room_leaves_the_former_file_and_no_draft(tmp_path: Path) -> None:
    """Broken: a full disk would keep drafts that nobody removes, or lose the record that was."""
    file = tmp_path / "record"
    write(str(file), "former")
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[1] == resource.RLIM_INFINITY
    process = subprocess.run(
        [sys.executable, "-c", LIMITED, str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert process.stdout == "OSError\n"
    assert file.read_text() == "former"
    assert list(tmp_path.iterdir()) == [file]


def test_content_and_name_are_on_the_disk_before_it_returns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: after a power loss the file is there and empty, or is not there."""
    synchronised: list[Path] = []
    sync = os.fsync

    def note(descriptor: int) -> None:
        """Note which file or folder is synchronised."""
        synchronised.append(Path(f"/proc/self/fd/{descriptor}").resolve())
        sync(descriptor)

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not tell which file a descriptor is of")
    monkeypatch.setattr(os, "fsync", note)
    write(str(tmp_path / "record"), "kept")
    draft, folder = synchronised
    assert (draft.parent, folder) == (tmp_path, tmp_path)
    assert draft.name.startswith(".record.")


def test_a_tree_can_be_synchronised_and_a_missing_one_is_an_error(tmp_path: Path) -> None:
    """Broken: a release that is on no disk would be taken for one."""
    sync_tree(str(tmp_path))
    with pytest.raises(FileNotFoundError):
        sync_tree(str(tmp_path / "missing"))
