"""Tests of the process that answers reads: it is small, free of Prefect, and asks for a password."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from stack.auth import auth_header, ensure_auth
from stack.channel import NoAnswerError, ask, socket_path
from stack.handover import Giver, handover_path
from tasks.home import Home
from tasks.quantities import MIB_BYTES

pytestmark = pytest.mark.integration

ROOT = Path(__file__).parents[3]
MAX_MIB = 80


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with a password, at a path that is too long for a socket."""
    home = Home(tmp_path_factory.mktemp("reads") / ("deep" * 30))
    home.create()
    ensure_auth(home.auth_file)
    return home


@pytest.fixture(scope="module")
def process(home: Home) -> Iterator[subprocess.Popen[str]]:
    """Start the process as the Procfile does, without a server."""
    line = re.search(r"^reads: exec (.+)$", (ROOT / "Procfile").read_text(), re.MULTILINE)
    assert line
    variables = {
        "SLIPWAY_HOME": str(home.root),
        "SLIPWAY_SERVER_PORT": "9",
        "PYTHONPATH": str(ROOT),
    }
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    # What compiles all modules at its first start keeps some memory of that.
    subprocess.run([sys.executable, "-OO", "-c", "import stack.reads.main"], cwd=ROOT, check=True)
    started = subprocess.Popen(
        line[1].split(),
        env={**os.environ, **variables, "PATH": path},
        stdout=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not _answers(home):
        assert started.poll() is None
        assert time.monotonic() < deadline
        time.sleep(0.05)
    yield started
    started.kill()
    started.wait()


def _answers(home: Home) -> bool:
    try:
        return bool(ask(home.root, "/health", 5))
    except NoAnswerError:
        return False


def handed_over(home: Home, request: str) -> str:
    """Return the answer to a request on a connection that is handed over."""
    outside, inside = socket.socketpair()
    outside.settimeout(20)
    assert Giver(handover_path(home.root))(inside)
    inside.close()
    outside.sendall(request.encode())
    pieces = list(iter(lambda: outside.recv(65536), b""))
    outside.close()
    return b"".join(pieces).decode()


def test_who_opens_its_socket_is_answered_and_nobody_else_may(
    home: Home, process: subprocess.Popen[str]
) -> None:
    """Other users of this machine would read logs, or `make status` need the server."""
    assert ask(home.root, "/queue", 20) == {"providers": []}
    for path in (socket_path(home.root), handover_path(home.root)):
        assert path.stat().st_mode & 0o077 == 0


def test_a_connection_from_outside_needs_the_password(
    home: Home, process: subprocess.Popen[str]
) -> None:
    """Whoever reaches the port of the server would read what he likes."""
    head = "GET /api/slipway/queue HTTP/1.1\r\nhost: 127.0.0.1\r\n"
    refused = handed_over(home, f"{head}\r\n")
    assert refused.startswith("HTTP/1.1 401")
    # Without it, a browser shows the refusal and asks for no password.
    assert 'www-authenticate: Basic realm="Slipway"' in refused
    wrong = auth_header("admin:wrong")["Authorization"]
    assert handed_over(home, f"{head}authorization: {wrong}\r\n\r\n").startswith("HTTP/1.1 401")
    right = auth_header(home.auth_file.read_text().strip())["Authorization"]
    answer = handed_over(home, f"{head}authorization: {right}\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200")
    assert answer.endswith('{"providers":[]}')
    assert "connection: close" in answer


def test_it_stays_small_and_free_of_prefect(home: Home, process: subprocess.Popen[str]) -> None:
    """The resident process would take as much memory as a flow run."""
    for path in ("/status", "/releases", "/snapshots", "/queue", "/openapi.json") * 20:
        ask(home.root, path, 30)
    running = psutil.Process(process.pid)
    if "BRANCH_COVERAGE" not in os.environ:  # measuring takes memory too
        assert running.memory_info().rss / MIB_BYTES < MAX_MIB
    assert not [each.path for each in running.memory_maps() if "/prefect/" in each.path]
    loaded = "import sys, stack.reads.main; assert 'prefect' not in sys.modules"
    subprocess.run([sys.executable, "-c", loaded], cwd=ROOT, check=True)
    assert Home(home.root).reads_heartbeat_file.exists()


def test_it_ends_when_told(home: Home, process: subprocess.Popen[str]) -> None:
    """`make down` would have to kill it."""
    process.send_signal(signal.SIGTERM)
    output, _ = process.communicate(timeout=30)
    assert process.returncode == 0
    assert output.rstrip().endswith("stopped")
    assert not _answers(home)
