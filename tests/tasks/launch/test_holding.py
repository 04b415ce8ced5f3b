"""What a run still needs stays on disk until its process has ended, however it ends."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tasks.launch.holding import held_by_nobody, hold, let_go

HOLDER = """
import sys
from pathlib import Path
from tasks.launch.holding import hold
print(hold(Path(sys.argv[1])), flush=True)
sys.stdin.read()
"""


def free(folder: Path) -> bool:
    """Tell whether it may be removed."""
    with held_by_nobody(folder) as nobody:
        return nobody


@pytest.mark.integration
def test_a_run_that_is_killed_holds_nothing(tmp_path: Path) -> None:
    """Broken: each run that is killed costs a release for good, or one that lives loses its own."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(Path.cwd())},
    ) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"True\n"
        assert not free(tmp_path)
        assert hold(tmp_path)  # many may
        let_go(tmp_path)
        holder.kill()
    assert free(tmp_path)


def test_what_is_gone_cannot_be_held(tmp_path: Path) -> None:
    """Broken: a run goes on with a folder that somebody is removing."""
    folder = tmp_path / "release"
    assert not hold(folder)
    assert free(folder)
    folder.mkdir()
    with held_by_nobody(folder) as nobody:
        assert nobody
        folder.rename(tmp_path / "removed")
    assert not hold(folder)
