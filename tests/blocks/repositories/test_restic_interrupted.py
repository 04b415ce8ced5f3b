"""Tests of the real restic when it is killed, delayed or abandoned during a backup."""

import os
import secrets
import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.repositories.errors import RepositoryLockedError
from blocks.repositories.interface import Progress
from blocks.repositories.restic_engine import ResticEngine

if not shutil.which("restic") and os.environ.get("SLIPWAY_REQUIRE_RESTIC") != "1":
    pytest.skip("restic is not installed", allow_module_level=True)
pytestmark = pytest.mark.integration


def ignore(progress: Progress) -> None:
    """Take no notice of progress."""


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A folder with three files."""
    folder = tmp_path / "data"
    folder.mkdir()
    for name in "abc":
        (folder / name).write_text(name)
    return folder


def copies(engine: ResticEngine) -> list[str]:
    """Return the ids of all snapshots."""
    return [item.id for item in engine.snapshots()]


SLOW = """
import sys
from pathlib import Path
from blocks.repositories.restic_engine import ResticEngine

def told(progress):
    print(progress.bytes_done, flush=True)

location, cache, data = sys.argv[1:]
ResticEngine(location, "hunter22", cache=Path(cache), variables={"GOMAXPROCS": "1"}).backup(
    [Path(data)], [], [], told
)
"""


def test_killed_backup_leaves_the_earlier_one_and_its_lock_is_removed(
    engine: ResticEngine, data: Path
) -> None:
    """A kill -9 in mid-backup costs an earlier snapshot, or its lock stops the next check."""
    first = engine.backup([data], [], [], ignore)
    (data / "big").write_bytes(secrets.token_bytes(150_000_000))
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, engine.location, str(engine.cache), str(data)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout
    assert any(int(line) > 0 for line in child.stdout)
    os.killpg(child.pid, signal.SIGKILL)
    child.wait()
    child.stdout.close()
    assert engine.folder
    assert list((engine.folder / "locks").iterdir())
    engine.check()
    assert [item[: len(first.id)] for item in copies(engine)] == [first.id]
    assert engine.backup([data], [], [], ignore).files == 4
    assert list((engine.folder / "locks").iterdir()) == []


def test_lock_of_a_live_process_is_respected(engine: ResticEngine, data: Path) -> None:
    """A check takes the lock of a backup that runs, and both see a broken repository."""
    engine.backup([data], [], [], ignore)
    (data / "big").write_bytes(secrets.token_bytes(50_000_000))
    child = subprocess.Popen(
        [sys.executable, "-c", SLOW, engine.location, str(engine.cache), str(data)],
        stdout=subprocess.PIPE,
        start_new_session=True,
    )
    assert child.stdout
    try:
        next(line for line in child.stdout if int(line) >= 0)
        os.killpg(child.pid, signal.SIGSTOP)
        hasty = ResticEngine(
            engine.location, engine.password, cache=engine.cache, lock_wait_seconds=0
        )
        with pytest.raises(RepositoryLockedError, match="Wait"):
            hasty.check()
        assert engine.folder
        assert list((engine.folder / "locks").iterdir())
    finally:
        os.killpg(child.pid, signal.SIGCONT)
        child.communicate(timeout=60)


HESITANT = """#!{python}
import os, sys, time
if "backup" in sys.argv:
    print('{{"message_type": "status", "percent_done": 0.5}}', flush=True)
    time.sleep(5)
    open("{mark}", "w").close()
os.execv("{restic}", ["restic", *sys.argv[1:]])
"""
"""A restic that tells of its progress long before it stores anything."""


def test_restic_does_not_outlive_a_failing_callback(
    engine: ResticEngine, data: Path, tmp_path: Path
) -> None:
    """A cancelled flow leaves a restic behind that goes on writing."""
    program = tmp_path / "hesitant"
    mark, real = tmp_path / "went-on", engine.installed()
    program.write_text(HESITANT.format(python=sys.executable, restic=real, mark=mark))
    program.chmod(0o755)

    def fail(progress: Progress) -> None:
        raise RuntimeError("cancelled")

    with pytest.raises(RuntimeError, match="cancelled"):
        replace(engine, program=str(program)).backup([data], [], [], fail)
    assert not mark.exists()  # it was waited for: nothing of it is left
    assert copies(engine) == []
