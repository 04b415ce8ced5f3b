"""To which names a server may be spoken where it asks for no password.

A page of any site can have its own name point to this machine (DNS rebinding), and then speak,
from the browser of whoever looks at it, to what listens here. Its requests bear the site's name.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any

from blocks.routers.names import LOOPBACK
from flows.stack.asgi import App, Receive, Send, refuse
from tasks.errors import BadInputError
from tasks.settings import Settings

_IN_MEMORY = "prefect-in-memory"
"""How Prefect's server calls itself when it asks itself; no resolver knows it."""
_MISDIRECTED = 421
_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::\d+)?")

OPEN = (
    "nobody is asked for a password (SLIPWAY_AUTH=false): every user and program of this machine "
    "may run what it likes as you"
)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine reaches what binds ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_open(chosen: Settings) -> None:
    """Refuse to ask other machines for no password.

    Raises:
        BadInputError: ``SLIPWAY_AUTH`` is false, and the host is not loopback.
    """
    if not chosen.auth and not is_loopback(chosen.host):
        problem = f"is false, and {chosen.host} (SLIPWAY_HOST) is reached by other machines"
        remedy = "Leave SLIPWAY_AUTH at true, or SLIPWAY_HOST at 127.0.0.1."
        raise BadInputError("SLIPWAY_AUTH", chosen.auth, problem, remedy)


def is_own_name(header: str) -> bool:
    """Tell whether ``header``, with or without a port, is a name of this machine for itself."""
    match = _HOST.fullmatch(header.lower())
    name = (match["address"] or match["name"].rstrip(".")) if match else ""
    return name in {*LOOPBACK, _IN_MEMORY} or name.endswith(".localhost")


class OwnNames:
    """An ASGI application that answers only who speaks to it by a name of this machine."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        named = [value for name, value in scope["headers"] if name == b"host"]
        host = named[0].decode("latin-1") if len(named) == 1 else ""
        if is_own_name(host):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "Host"})
        else:
            await refuse(send, _MISDIRECTED, _refusal(host))


def _refusal(host: str) -> BadInputError:
    remedy = f"Use one of {', '.join(LOOPBACK)}, or have a password asked for (SLIPWAY_AUTH=true)."
    return BadInputError("Host", host, "is no name of this machine", remedy)
