"""Asks a service once whether it answers; free of Prefect."""

from __future__ import annotations

import socket
from dataclasses import dataclass

import httpx

_BAD = 400


@dataclass(frozen=True, slots=True)
class Answer:
    """Whether it is well, and what it said; ``code`` is None where nothing answered over HTTP."""

    ok: bool
    detail: str
    code: int | None = None


def ask(host: str, port: int, health_path: str, timeout_seconds: float) -> Answer:
    """GET ``health_path``: below 400 is well. With an empty path, a port that accepts is."""
    if not health_path:
        return _connect(host, port, timeout_seconds)
    url = f"http://{host}:{port}/{health_path.lstrip('/')}"
    try:
        with httpx.Client(timeout=timeout_seconds, trust_env=False) as client:
            code = client.get(url).status_code
    except httpx.HTTPError as error:
        return Answer(ok=False, detail=f"GET {url}: {str(error) or type(error).__name__}")
    return Answer(ok=code < _BAD, detail=f"GET {url}: {code}", code=code)


def can_bind(host: str, port: int) -> bool:
    """Tell whether a service could listen there now."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _connect(host: str, port: int, timeout_seconds: float) -> Answer:
    try:
        socket.create_connection((host, port), timeout_seconds).close()
    except OSError as error:
        return Answer(ok=False, detail=f"{host}:{port}: {error}")
    return Answer(ok=True, detail=f"{host}:{port} accepts")
