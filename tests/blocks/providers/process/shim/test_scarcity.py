"""A shim outlives a system that has no process left: what it supervises is back when it has."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from blocks.providers.process.detached import ShimSpec
from blocks.providers.process.shim import records

SCARCE = """
import errno, json, os, sys
from blocks.providers.process.shim import supervisor
from blocks.providers.process.shim.events import Events

start, starts = supervisor.start_child, []

def scarce(*arguments):
    starts.append(arguments)
    if len(starts) in json.loads(sys.argv[2]):
        raise BlockingIOError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return start(*arguments)

supervisor.start_child, supervisor._SCARCE_SECONDS = scarce, 0.01
spec = json.loads(sys.argv[1])
supervisor.ShimSupervisor(
    spec["directory"], spec, dict(os.environ), Events(), adopts=False
).run()
"""


READ_ONLY = """
import json, os, sys
from blocks import durable_file
from blocks.providers.process.shim import supervisor
from blocks.providers.process.shim.events import Events

write = durable_file.write

def write_as_its_user(path, *arguments, **options):
    # root may write into any folder
    if not os.stat(os.path.dirname(path)).st_mode & 0o200:
        raise PermissionError(13, "Permission denied")
    write(path, *arguments, **options)

durable_file.write = write_as_its_user
spec = json.loads(sys.argv[1])
supervisor.ShimSupervisor(
    spec["directory"], spec, dict(os.environ), Events(), adopts=False
).run()
"""


def ended(tmp_path: Path, policy: str, scarce_at: list[int]) -> tuple[dict[str, Any], list[str]]:
    """Return how a shim ends that finds no process at these starts, and what its command wrote.

    The command fails at its first start, and succeeds at the next.
    """
    script = f"echo started >> {tmp_path}/starts; test $(wc -l < {tmp_path}/starts) = 2"
    spec = asdict(ShimSpec(tmp_path, ("sh", "-c", script), tmp_path, restart=policy))
    spec |= {"directory": str(tmp_path), "cwd": str(tmp_path), "run_id": "run", "boot_id": ""}
    argv = [sys.executable, "-c", SCARCE, records.json_of(spec), records.json_of(scarce_at)]
    subprocess.run(argv, check=True, cwd=Path(__file__).parents[5], timeout=60)
    exit_record = json.loads((tmp_path / records.EXIT).read_text())
    starts = tmp_path / "starts"
    return exit_record, starts.read_text().split() if starts.exists() else []


@pytest.mark.integration
def test_a_restart_for_which_there_is_no_process_is_tried_again(tmp_path: Path) -> None:
    """Broken: the shim ends over it, and the service with it, until somebody looks."""
    exit_record, starts = ended(tmp_path, "on-failure", [2, 3])
    assert len(starts) == 2
    assert (exit_record["end"], exit_record["exit_code"]) == ("succeeded", 0)


@pytest.mark.integration
def test_a_first_start_for_which_there_is_none_has_failed_and_says_so(tmp_path: Path) -> None:
    """Broken: whoever has started it waits for its end for ever."""
    exit_record, starts = ended(tmp_path, "never", [1])
    assert starts == []
    assert exit_record["end"] == "failed"
    assert exit_record["cause"] == "cannot start: Resource temporarily unavailable"


@pytest.mark.integration
def test_a_command_that_takes_the_folder_from_its_owner_has_ended(tmp_path: Path) -> None:
    """Broken: its step is Running for ever, and so are its slot and its place."""
    argv = ("sh", "-c", f"chmod 500 {tmp_path}; exit 3")
    spec = asdict(ShimSpec(tmp_path, argv, tmp_path, restart="never"))
    spec |= {"directory": str(tmp_path), "cwd": str(tmp_path), "run_id": "run", "boot_id": ""}
    command = [sys.executable, "-c", READ_ONLY, records.json_of(spec)]
    subprocess.run(command, check=True, cwd=Path(__file__).parents[5], timeout=60)
    assert json.loads((tmp_path / records.EXIT).read_text())["exit_code"] == 3
