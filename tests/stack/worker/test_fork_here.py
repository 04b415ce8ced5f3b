"""Tests of a fork server that is a fork itself, in a process with one thread."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests.stack.one_thread import python

ROOT = Path(__file__).parents[3]
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(sys.platform != "linux", reason="runs are forked on Linux alone"),
]
OBSERVE = """
import io, json, multiprocessing.context, os, sys
from multiprocessing import Lock, forkserver, reduction
import psutil
from stack.forking import may_fork
from stack.worker.fork_here import fork_here
from stack.worker.tracker import track_again

may = may_fork()
server = fork_here()
pid = server._forkserver_pid
status, data = server.connect_to_new_process([])
fork = forkserver.read_signed(status)
parent = psutil.Process(fork).ppid()
process = multiprocessing.context.ForkServerProcess(target=os._exit, args=(7,))
buffer = io.BytesIO()
multiprocessing.context.set_spawning_popen(process)
reduction.dump({}, buffer)
reduction.dump(process, buffer)
trackers = [c for c in psutil.Process().children() if "resource_tracker" in " ".join(c.cmdline())]
title = psutil.Process(pid).cmdline()[0].strip()
os.write(data, buffer.getvalue())
os.close(data)
ended = forkserver.read_signed(status)
os.close(server._forkserver_alive_fd)
print(json.dumps([may, title, parent == pid, ended, os.waitpid(pid, 0)[1], len(trackers)]))
track_again()
Lock().acquire()
"""
ROOM = "room-for-the-titles-of-forks" * 2


def test_it_forks_says_how_a_fork_ended_and_ends_with_its_worker() -> None:
    """Broken: no flow run is forked, or a fork server is left over by each start of the worker."""
    output, errors = python(OBSERVE, ROOM).communicate(timeout=120)
    assert json.loads(output or "0") == [True, "slipway fork server", True, 7, 0, 0], errors


def test_the_procfile_leaves_room_for_the_title_of_a_flow_run() -> None:
    """Broken: a forked run shows half its id, so that nobody finds its process."""
    worker = next(
        line for line in (ROOT / "Procfile").read_text().splitlines() if line.startswith("worker:")
    )
    command = worker.removeprefix("worker: exec ")
    assert len(command) > len("slipway flow run 01234567-89ab-cdef-0123-456789abcdef")
