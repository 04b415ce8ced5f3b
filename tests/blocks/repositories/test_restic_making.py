"""Tests of concurrent and interrupted creations of a restic repository."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.repositories.errors import RepositoryDamagedError
from blocks.repositories.interface import Progress
from blocks.repositories.restic_engine import ResticEngine

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not shutil.which("restic"), reason="restic is not installed"),
]


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with a file."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "a.txt").write_text("hello")
    return folder


@pytest.fixture
def engine(tmp_path: Path) -> ResticEngine:
    """A repository that does not exist yet, in a folder that does not either."""
    return ResticEngine(str(tmp_path / "in" / "repo"), "hunter22", cache=tmp_path / "cache")


def test_two_first_backups_at_once_both_succeed(engine: ResticEngine, data: Path) -> None:
    """One of two first backups saves nothing, and advises to move a healthy repository."""
    both = threading.Barrier(2, timeout=60)

    class Met(ResticEngine):
        """Learns that there is no repository at the same time as the other."""

        def create(self) -> None:
            """Make it once both want to."""
            both.wait()
            super().create()

    racer = Met(engine.location, engine.password, cache=engine.cache)
    with ThreadPoolExecutor(2) as pool:
        backups = [pool.submit(racer.backup, [data], [], [tag], ignore) for tag in ("a", "b")]
        stored = {backup.result().id for backup in backups}
    assert {item.id[: len(next(iter(stored)))] for item in engine.snapshots()} == stored
    assert len(stored) == 2


def interrupted(engine: ResticEngine) -> Path:
    """Make a repository that lacks its `config`; return where that belongs."""
    engine.create()
    assert engine.folder
    config = engine.folder / "config"
    config.rename(config.parent.parent / "config")
    return config


def test_a_repository_that_another_machine_is_making_is_waited_for(
    engine: ResticEngine, data: Path
) -> None:
    """Two machines that share a disk: the second finds half a repository, and gives up."""
    config = interrupted(engine)
    move = f"import pathlib; pathlib.Path({str(config.parent.parent / 'config')!r}).rename"
    script = f"{move}({str(config)!r})"
    with (
        subprocess.Popen([sys.executable, "-c", f"input(); {script}"], stdin=-1) as maker,
        ThreadPoolExecutor(1) as pool,
    ):
        backup = pool.submit(engine.backup, [data], [], [], ignore)
        maker.communicate(b"\n")
        assert backup.result().files == 1
    assert len(engine.snapshots()) == 1


def test_a_making_that_was_interrupted_is_called_so(engine: ResticEngine, data: Path) -> None:
    """Who has lost power during the first backup is told to look for a file there never was."""
    config = interrupted(engine)
    hasty = replace(engine, lock_wait_seconds=0)
    with pytest.raises(RepositoryDamagedError, match=r"interrupted.*remove it"):
        hasty.backup([data], [], [], ignore)
    (config.parent / "snapshots" / "ab").write_text("a snapshot")
    with pytest.raises(RepositoryDamagedError, match="Restore that file from a copy"):
        hasty.backup([data], [], [], ignore)


def test_a_maker_that_was_faster_is_no_failure(data: Path, tmp_path: Path) -> None:
    """Of two machines that make a repository in one bucket, the second backs up nothing."""
    spy = tmp_path / "restic-of-another"
    spy.write_text(
        "#!/bin/sh\n"
        '[ "$1" = init ] && RESTIC_PASSWORD_FILE= RESTIC_PASSWORD=hunter22 restic init >&2\n'
        'exec restic "$@"\n'
    )
    spy.chmod(0o755)
    engine = ResticEngine(
        f"local:{tmp_path / 'repo'}", "hunter22", cache=tmp_path / "cache", program=str(spy)
    )
    assert engine.backup([data], [], [], ignore).files == 1
