"""Tests of the names of lock holders."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from blocks.providers.process.identity import identity_here
from blocks.providers.process.process_table import entry
from tasks.holder import NOBODY_KNOWN, acting_as, holder_of, run_of, signed

FULL = Path("/dev/full")


def test_its_name_stands_in_the_lock_for_as_long_as_it_is_held(tmp_path: Path) -> None:
    """Broken: who waits is told of a run that has ended long ago, or of none."""
    with (tmp_path / "lock").open("a+") as lock, (tmp_path / "lock").open("a+") as other:
        with acting_as("the run 'launch größe' (1)"), signed(lock):
            assert holder_of(other) == "the run 'launch größe' (1)"
        assert holder_of(other) == NOBODY_KNOWN
        with signed(lock):
            assert holder_of(other) == NOBODY_KNOWN


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device without room")
def test_a_name_that_cannot_be_written_keeps_nobody_from_holding_a_lock() -> None:
    """Broken: on a full disk nothing can be stopped any more, as its lock cannot be signed."""
    with FULL.open("w") as lock, acting_as("x"), signed(lock):
        held_all_the_same = True
    assert held_all_the_same


@pytest.mark.integration
def test_a_process_is_known_by_the_run_that_it_executes() -> None:
    """Broken: who has to wait is told a number of our own, by which nobody finds the run."""
    script = "import sys; print(flush=True); sys.stdin.read()"
    pipe = subprocess.PIPE
    variables = {**os.environ, "PREFECT__FLOW_RUN_ID": "5f0c"}
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=pipe, stdout=pipe, env=variables
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process_entry = entry(process.pid)
        assert process_entry is not None
        owner = identity_here(process.pid, process_entry.started)
        assert run_of(owner.encode()) == "the flow run 5f0c"
        assert run_of(replace(owner, create_time=1.0).encode()) == NOBODY_KNOWN
        process.communicate()
    assert run_of(owner.encode()) == NOBODY_KNOWN
    assert run_of("somebody") == NOBODY_KNOWN
