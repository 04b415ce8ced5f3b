"""Tests of the takeover of a running stack."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from stack.parts import Part
from stack.record import read_record, record_of
from stack.takeover import _accept_router
from tasks.home import Home
from tasks.settings import Settings

LISTEN = """
import socket, sys, time
with socket.create_server(("127.0.0.1", int(sys.argv[1]))):
    print("up", flush=True)
    time.sleep(600)
"""
ROUTER = Part("router", "router", "run", "wanted")


@pytest.fixture
def router(tmp_path: Path) -> Iterator[tuple[Home, int, int]]:
    """Give a home, the pid of a router of it, and the port on which that listens."""
    home, port = Home(tmp_path), free_ports(2)
    home.create()
    argv = [sys.executable, "-c", LISTEN, str(port)]
    variables = {"XDG_DATA_HOME": str(home.root / "router")}
    with subprocess.Popen(argv, stdout=subprocess.PIPE, env=variables, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "up\n"
        yield home, process.pid, port
        process.kill()


@pytest.mark.integration
def test_a_router_that_has_lost_its_record_goes_on_where_it_serves(
    router: tuple[Home, int, int],
) -> None:
    """Broken: a record that is gone costs every connection to every service."""
    home, pid, port = router
    living = {"router": record_of("router", pid, "mark")}
    _accept_router(Settings(home=home.root, router_port=port + 1), home, ROUTER, living)
    assert living["router"].inputs == ""
    _accept_router(Settings(home=home.root, router_port=port), home, ROUTER, living)
    written = read_record(home.record("router"))
    assert written is not None
    assert (written.pid, written.inputs) == (pid, "wanted")
    assert living == {"router": written}
