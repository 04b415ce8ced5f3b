"""Tests that detect a server that hangs."""

from __future__ import annotations

import socket
import sys
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from stack.record import read_records, stop_sessions
from stack.supervisor.answers import answers
from tasks.home import PROGRAMS, Home
from tests.stack.conftest import FakePrefect
from tests.stack.sleepers import impatient_supervisor, pids, until

HANGS_AFTER_TWO = """
import os, socket, time
with socket.create_server(("127.0.0.1", int(os.environ["SLIPWAY_SERVER_PORT"]))) as listening:
    for _ in range(2):
        connection, _ = listening.accept()
        connection.recv(9999)
        connection.sendall(b"HTTP/1.0 200 OK\\r\\n\\r\\n")
        connection.close()
    time.sleep(600)
"""


@pytest.mark.integration
def test_only_an_answer_counts(prefect_api: FakePrefect) -> None:
    """Broken: a port that takes connections would pass for a server that works."""
    prefect_api.answer("GET /health", (200, True), (503, {}))
    url = f"{prefect_api.url}/health"
    assert [answers(url), answers(url)] == [True, False]
    with socket.create_server(("127.0.0.1", 0)) as hanging:
        nowhere = f"http://127.0.0.1:{hanging.getsockname()[1]}/"
        assert not answers(nowhere, timeout_seconds=0.1)
    assert not answers(nowhere)


@pytest.mark.integration
def test_a_server_that_hangs_is_replaced(tmp_path: Path) -> None:
    """Broken: nothing would run any more until somebody looks: no schedule, no operation."""
    home = Home(tmp_path / "home")
    home.create()
    (tmp_path / "hangs.py").write_text(HANGS_AFTER_TWO)
    others = [f"{name}: exec sleep 600" for name in PROGRAMS if name != "server"]
    (tmp_path / "Procfile").write_text(
        "\n".join([*others, f"server: exec {sys.executable} hangs.py"])
    )
    log = tmp_path / "supervisor.log"
    supervisor = impatient_supervisor(home, log, SLIPWAY_SERVER_PORT=str(free_ports(1)))
    try:
        until(lambda: "server" in pids(home))
        first = pids(home)["server"]
        until(lambda: pids(home).get("server", first) != first)
        killed = f"server, process {first}, left no heartbeat for too long: killed"
        assert killed in log.read_text()
    finally:
        supervisor.terminate()
        supervisor.wait()
        stop_sessions(read_records(home.stack), grace_seconds=1)
