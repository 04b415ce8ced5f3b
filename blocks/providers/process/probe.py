"""Probes once whether a service answers; free of Prefect."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from dataclasses import dataclass

import h11
import httpx

_FIRST_BAD_CODE = 400
_CHUNK_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class ProbeAnswer:
    """The result of a probe; ``code`` is None if nothing answered over HTTP."""

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
    """GET ``health_path``: a code below 400 is healthy. With an empty path, an accepting port is.

    Only the head of the answer is read, within ``timeout_seconds`` in total: a body may be endless,
    and a server that sends a byte now and then must not keep us waiting. ``objection`` is called
    when the connection is accepted: if it returns that this is another process, no request is sent.
    """
    named = f"[{host}]" if ":" in host else host
    url = f"http://{named}:{port}/{health_path.lstrip('/')}"
    question = f"GET {url}" if health_path else f"{host}:{port}"
    deadline = time.monotonic() + timeout_seconds
    try:
        with socket.create_connection((host, port), timeout_seconds) as connection:
            if problem := objection():
                return ProbeAnswer(ok=False, detail=problem)
            if not health_path:
                return ProbeAnswer(ok=True, detail=f"{question} accepts")
            code = _code(connection, httpx.URL(url), deadline)
    except (OSError, h11.ProtocolError, httpx.InvalidURL) as error:
        return ProbeAnswer(ok=False, detail=f"{question}: {str(error) or type(error).__name__}")
    return ProbeAnswer(ok=code < _FIRST_BAD_CODE, detail=f"{question}: {code}", code=code)


def _code(connection: socket.socket, url: httpx.URL, deadline: float) -> int:
    """Return the status code of ``url``.

    No HTTP client that we use can do this: their time limits begin again with every byte.
    """
    talk = h11.Connection(h11.CLIENT)
    headers = [(b"Host", url.netloc), (b"User-Agent", b"slipway"), (b"Connection", b"close")]
    request = h11.Request(method="GET", target=url.raw_path, headers=headers)
    connection.sendall((talk.send(request) or b"") + (talk.send(h11.EndOfMessage()) or b""))
    while not isinstance(event := talk.next_event(), h11.Response):
        if event is h11.NEED_DATA:
            seconds_left = deadline - time.monotonic()
            if seconds_left <= 0:
                raise TimeoutError("timed out")
            connection.settimeout(seconds_left)
            talk.receive_data(connection.recv(_CHUNK_BYTES))
    return event.status_code


def can_bind(host: str, port: int) -> bool:
    """Tell whether a service could listen on that address now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
