"""Asks a service once whether it answers; free of Prefect."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import h11
import httpx

_BAD = 400
_AT_ONCE = 65_536


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """Whether it is well, and what it said; ``code`` is None where nothing answered over HTTP."""

    ok: bool
    detail: str
    code: int | None = None


def nobody_objects() -> str:
    """Trust whoever listens."""
    return ""


def ask(
    host: str,
    port: int,
    health_path: str,
    timeout_seconds: float,
    objection: Callable[[], str] = nobody_objects,
) -> ProbeAnswer:
    """GET ``health_path``: below 400 is well. With an empty path, a port that accepts is.

    Only the head of the answer is read, and all of it takes ``timeout_seconds`` at most: a body may
    have no end, and one who sends a byte now and then keeps nobody waiting. ``objection`` is asked
    when somebody has accepted: where it says that this is another one, he gets no request.
    """
    named = f"[{host}]" if ":" in host else host
    url = f"http://{named}:{port}/{health_path.lstrip('/')}"
    question = f"GET {url}" if health_path else f"{host}:{port}"
    deadline = time.monotonic() + timeout_seconds
    try:
        with socket.create_connection((host, port), timeout_seconds) as connection:
            if said := objection():
                return ProbeAnswer(ok=False, detail=said)
            if not health_path:
                return ProbeAnswer(ok=True, detail=f"{question} accepts")
            code = _code(connection, httpx.URL(url), deadline)
    except (OSError, h11.ProtocolError, httpx.InvalidURL) as error:
        return ProbeAnswer(ok=False, detail=f"{question}: {str(error) or type(error).__name__}")
    return ProbeAnswer(ok=code < _BAD, detail=f"{question}: {code}", code=code)


def _code(connection: socket.socket, url: httpx.URL, deadline: float) -> int:
    """Return the code that ``url`` is answered with.

    No client of ours can do this: a time limit of theirs begins anew with every byte.
    """
    talk = h11.Connection(h11.CLIENT)
    headers = [(b"Host", url.netloc), (b"User-Agent", b"slipway"), (b"Connection", b"close")]
    request = h11.Request(method="GET", target=url.raw_path, headers=headers)
    connection.sendall((talk.send(request) or b"") + (talk.send(h11.EndOfMessage()) or b""))
    while not isinstance(event := talk.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("timed out")
            connection.settimeout(left)
            talk.receive_data(connection.recv(_AT_ONCE))
    return event.status_code


def can_bind(host: str, port: int) -> bool:
    """Tell whether a service could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
