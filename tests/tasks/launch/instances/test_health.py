"""What is said of a service that does not become well names the remedy."""

from __future__ import annotations

import http.server
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.providers.process.inherited import inherited
from tasks.cancellation import given_up_where
from tasks.launch.instances.health import await_health
from tasks.release import Instance, InstanceState

pytestmark = pytest.mark.integration
PORTS = free_ports(10)
SERVER = """
import http.server, socket, sys
class Server(http.server.ThreadingHTTPServer):
    address_family = socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(404)
        self.end_headers()
    def log_message(self, *_):
        pass
print("\\x1b[32mready\\x1b[0m \\x07", flush=True)
Server((sys.argv[1], int(sys.argv[2])), Answer).serve_forever()
"""
DAEMON = """
import os, sys, time
print("starting", flush=True)
if os.fork():
    os._exit(0)
os.setsid()
time.sleep(600)
"""
Say = Callable[..., str]


@pytest.fixture
def unhealthy_detail(tmp_path: Path) -> Iterator[Say]:
    """Give what is said of a program that should answer at PORTS; it is ended at the end."""
    directory = tmp_path / "run"

    def start(program: str, *arguments: str, health_path: str = "/", restart: str = "never") -> str:
        instance = Instance(
            *("i", "shop", "prod", "web", 0, "r", "2", directory, "127.0.0.1", PORTS),
            InstanceState.STARTING,
            0.0,
            health_path,
        )
        argv = (sys.executable, "-c", program, *arguments)
        spec = detached.ShimSpec(directory, argv, tmp_path, restart=restart)
        detached.start(spec, inherited({}))
        [health] = await_health([instance], 3, [])
        assert not health.ok
        return health.detail

    yield start
    detached.stop(directory, 0)


def test_a_404_names_the_health_path(unhealthy_detail: Say) -> None:
    """Broken: an API without a page at / cannot be launched, and nobody learns what to write."""
    detail = unhealthy_detail(SERVER, "127.0.0.1", str(PORTS))
    assert f"GET http://127.0.0.1:{PORTS}/: 404" in detail
    assert "projects.shop.services.web.health_path" in detail
    assert "\nready \\x07" in detail
    assert "  " not in detail


def test_another_port_is_named(unhealthy_detail: Say) -> None:
    """Broken: a service that ignores its port is only said not to answer."""
    detail = unhealthy_detail(SERVER, "127.0.0.1", str(PORTS + 1))
    assert f"It listens on 127.0.0.1:{PORTS + 1} instead" in detail
    assert "$PORT" in detail


def test_another_address_is_named(unhealthy_detail: Say) -> None:
    """Broken: one that listens on ::1 alone is said not to listen, while curl reaches it."""
    detail = unhealthy_detail(SERVER, "::1", str(PORTS))
    assert f"It listens on [::1]:{PORTS}, but not on 127.0.0.1" in detail
    assert "{{ host }}" in detail


def test_one_that_listens_nowhere_is_told_where_to(unhealthy_detail: Say) -> None:
    """Broken: a program that is not a server is waited for without a word about what is missing."""
    detail = unhealthy_detail("import time; time.sleep(600)", health_path="")
    assert f"it has to listen on 127.0.0.1:{PORTS}" in detail


@pytest.mark.parametrize("restart", ["never", "always"])
def test_one_that_goes_into_the_background_is_told_to_stay(
    unhealthy_detail: Say, restart: str
) -> None:
    """Broken: a daemon is ended as what its parent left, and is said to have ended with 0."""
    detail = unhealthy_detail(DAEMON, restart=restart)
    assert "put itself into the background" in detail
    assert "foreground" in detail


class Stranger(http.server.BaseHTTPRequestHandler):
    """Answers well, whoever asks."""

    def do_GET(self) -> None:
        """Answer."""
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.parametrize("health_path", ["/", ""])
def test_another_who_answers_on_its_port_is_not_taken_for_it(
    unhealthy_detail: Say, health_path: str
) -> None:
    """Broken: whoever holds the leased port gets the traffic, as if it were the new release."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", PORTS), Stranger) as stranger:
        thread = threading.Thread(target=stranger.serve_forever)
        thread.start()
        try:
            detail = unhealthy_detail(SERVER, "127.0.0.1", str(PORTS + 1), health_path=health_path)
        finally:
            stranger.shutdown()
            thread.join()
    assert f"127.0.0.1:{PORTS} is answered, but by another process" in detail
    assert f"It listens on 127.0.0.1:{PORTS + 1} instead" in detail


def test_what_is_given_up_is_not_waited_for(unhealthy_detail: Say) -> None:
    """Broken: a deploy that was withdrawn keeps a rollback waiting for its health."""
    with given_up_where(lambda: True):
        detail = unhealthy_detail("import time; time.sleep(600)")
    assert "was stopped together with its run" in detail
