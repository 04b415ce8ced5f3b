"""Tests that find the processes which listen on a port."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator

import pytest

from blocks.providers.process.listening import intruder, listening

pytestmark = pytest.mark.integration

LISTEN = """
import socket, sys, time
server = socket.create_server((sys.argv[1], 0))
print(server.getsockname()[1], flush=True)
time.sleep(600)
"""


@pytest.fixture(params=["127.0.0.1", "0.0.0.0"])  # noqa: S104 - in a test
def child(request: pytest.FixtureRequest) -> Iterator[tuple[int, int]]:
    """Start a process below a shell that listens; give the shell's pid and the port."""
    command = ["sh", "-c", '"$0" -c "$1" "$2"; true', sys.executable, LISTEN, request.param]
    with subprocess.Popen(command, stdout=subprocess.PIPE, start_new_session=True) as shell:
        assert shell.stdout is not None
        port = int(shell.stdout.readline())
        yield shell.pid, port
        os.killpg(shell.pid, 9)


def test_what_a_process_below_listens_for_is_its_own(child: tuple[int, int]) -> None:
    """Broken: a server that forks, or that is started by a script, never gets any traffic."""
    pid, port = child
    assert [each.port for each in listening(pid)] == [port]
    assert intruder(pid, "127.0.0.1", port) == ""


def test_the_port_of_another_is_not(child: tuple[int, int]) -> None:
    """Broken: a process of anybody that took the port gets the requests of the users."""
    pid, _ = child
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert f"127.0.0.1:{port} is answered, but by another process" in intruder(
            pid, "127.0.0.1", port
        )


def test_the_same_port_of_another_address_is_not(child: tuple[int, int]) -> None:
    """Broken: a service on ::1 is taken for the one who answers on 127.0.0.1."""
    pid, port = child
    own = {each.host for each in listening(pid)}
    assert bool(intruder(pid, "127.0.0.9", port)) == (own == {"127.0.0.1"})


def test_of_a_process_that_is_gone_nothing_is_said() -> None:
    """Broken: a service that ends while it is asked is said to be an intruder."""
    with subprocess.Popen(["true"]) as gone:
        pass
    assert intruder(gone.pid, "127.0.0.1", 1) == ""
