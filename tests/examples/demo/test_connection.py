"""A keep-alive connection that never repeats a request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from examples.demo.connection import Connection
from examples.demo.subject import Request

pytestmark = pytest.mark.integration

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], int]


class Application:
    """Echoes a body; counts what arrives, and over how many connections."""

    def __init__(self) -> None:
        self.arrived: Counter[str] = Counter()
        self.connections: set[object] = set()

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request by its path."""
        self.arrived[handler.path] += 1
        self.connections.add(handler.client_address)
        body = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
        if handler.path == "/drop":
            handler.close_connection = True
        elif handler.path == "/cut":
            handler.wfile.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf")
            handler.close_connection = True
        elif handler.path == "/chunked":
            handler.wfile.write(
                b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                b"5\r\nHello\r\n7;x=y\r\n, world\r\n0\r\nX-Trailer: 1\r\n\r\n"
            )
        elif handler.path == "/nonsense":
            handler.wfile.write(b"no http\r\n")
            handler.close_connection = True
        elif handler.path != "/silence":
            handler.send_response(200)
            handler.send_header("Content-Length", str(len(body)))
            if handler.path == "/last":
                handler.send_header("Connection", "close")
            handler.end_headers()
            handler.wfile.write(body)


@pytest.fixture
def application() -> Application:
    """Give the application."""
    return Application()


@pytest.fixture
def connection(serve: Serve, application: Application) -> Connection:
    """Give a connection to the application."""
    return Connection("127.0.0.1", serve(application))


async def test_many_requests_share_a_connection(
    connection: Connection, application: Application
) -> None:
    """The load would open a connection a request, and see nothing of how a switch treats them."""
    for number in range(20):
        answer = await connection.send(Request("POST", "/echo", str(number).encode()))
        assert (answer.status, answer.body) == (200, str(number).encode())
    await connection.close()
    assert len(application.connections) == 1


async def test_an_announced_end_is_followed_by_a_new_connection(
    connection: Connection, application: Application
) -> None:
    """A server that closes politely would be counted as one that drops requests."""
    assert (await connection.send(Request("GET", "/last"))).closes
    assert (await connection.send(Request("GET", "/next"))).status == 200
    await connection.close()
    assert len(application.connections) == 2


@pytest.mark.parametrize("path", ["/drop", "/cut"])
async def test_a_dropped_request_is_an_error_and_not_repeated(
    connection: Connection, application: Application, path: str
) -> None:
    """A deploy that drops requests would look clean, or a write be executed twice by ourselves."""
    await connection.send(Request("GET", "/first"))
    with pytest.raises(ConnectionResetError):
        await connection.send(Request("POST", path, b"x"))
    assert application.arrived[path] == 1
    assert (await connection.send(Request("GET", "/next"))).status == 200
    await connection.close()


async def test_chunked_answers_are_joined(connection: Connection) -> None:
    """An answer of unknown length would leave the connection out of step."""
    assert (await connection.send(Request("GET", "/chunked"))).body == b"Hello, world"
    assert (await connection.send(Request("POST", "/echo", b"next"))).body == b"next"
    await connection.close()


async def test_nonsense_is_an_error(connection: Connection) -> None:
    """Something else on the port would crash the load."""
    with pytest.raises(ValueError, match="no HTTP answer"):
        await connection.send(Request("GET", "/nonsense"))


async def test_silence_is_an_error(connection: Connection) -> None:
    """A request that hangs would hang the demo."""
    with pytest.raises(TimeoutError):
        await connection.send(Request("GET", "/silence"), timeout_seconds=0.2)


async def test_a_refused_connection_is_an_error() -> None:
    """A service that is not there would crash the load."""
    with pytest.raises(ConnectionRefusedError):
        await Connection("127.0.0.1", 1).send(Request("GET", "/"))
