"""Tests of the takeover of a running stack."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from benchmarks.free_ports import free_ports
from blocks.routers.extent import announce, served
from stack.down import stop_stack
from stack.environment import stack_environment
from stack.heartbeat import beat
from stack.parts import Part, parts
from stack.record import read_record, record_of, write_record
from stack.takeover import _accept_router, procfile, take_over
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.settings import Settings

ROOT = Path(__file__).parents[2]
LISTEN = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("up", flush=True)
    time.sleep(600)
"""
SUPERVISE = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"
ROUTER = Part("router", "router", "run", "wanted")


@pytest.fixture
def router(tmp_path: Path) -> Iterator[tuple[Home, int, int]]:
    """Give a home, the pid of its router below a supervisor, and the port where that listens."""
    home, port = Home(tmp_path), free_ports(2) + 1
    home.create()
    argv = [sys.executable, "-c", SUPERVISE, LISTEN, str(port)]
    variables = {"XDG_DATA_HOME": str(home.root / "router")}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=variables, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        (child,) = psutil.Process(process.pid).children()
        beat(home.supervisor_heartbeat_file)
        write_record(home.record("supervisor"), record_of("supervisor", process.pid, "mark"))
        yield home, child.pid, port
        child.kill()
    stop_stack(home)  # of a stack that was taken over although it should be refused


@pytest.mark.integration
def test_a_router_that_has_lost_its_record_goes_on_where_it_serves(
    router: tuple[Home, int, int],
) -> None:
    """Broken: a record that is gone costs every connection to every service."""
    home, pid, port = router
    living = {"router": record_of("router", pid, "mark")}
    _accept_router(Settings(home=home.root, router_port=port - 1), home, ROUTER, living)
    assert living["router"].inputs == ""
    _accept_router(Settings(home=home.root, router_port=port), home, ROUTER, living)
    written = read_record(home.record("router"))
    assert written is not None
    assert (written.pid, written.inputs) == (pid, "wanted")
    assert living == {"router": written}


def refused(config: Settings, inputs: str) -> BadInputError:
    """Return why a stack whose router has these inputs is not taken over with ``config``."""
    environment = stack_environment(config, "", "mark", os.environ)
    router = next(each for each in parts(procfile(ROOT), environment) if each.name == "router")
    home = Home(config.root)
    record = read_record(home.record("router"))
    assert record is not None
    write_record(home.record("router"), replace(record, inputs=inputs or router.inputs))
    with pytest.raises(BadInputError) as error:
        take_over(config, ROOT, environment)
    return error.value


@pytest.mark.integration
def test_a_port_of_this_stack_and_of_others_are_told_apart(router: tuple[Home, int, int]) -> None:
    """Broken: a router that moves is refused as it holds its own port, or has to be stopped."""
    home, pid, port = router
    write_record(home.record("router"), record_of("router", pid, "mark"))
    kept = Settings(home=home.root, server_port=port, router_port=port, router_slots=1)
    assert refused(kept, "").problem.endswith("is held by the router of this stack")
    (home.root / "router").mkdir()
    announce(home.root / "router", port, 1)
    with socket.create_server(("127.0.0.1", port - 1)):
        moved = Settings(home=home.root, server_port=port, router_port=port - 1, router_slots=1)
        error = refused(moved, "former")
        assert (error.field, error.value) == ("SLIPWAY_ROUTER_PORT", port - 1)
        assert f"process {os.getpid()}" in error.problem
    assert served(home.root / "router") == [range(port, port + 1)]
