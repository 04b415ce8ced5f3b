"""Who may speak to a server, and by which name, where it asks for no password.

A page of any site can have its own name point to this machine (DNS rebinding), and then speak,
from the browser of whoever looks at it, to what listens here. Its requests bear the site's name.
It can also send what it likes to a name of this machine, though it cannot read the answer: a
browser says then where the page is from.
"""

from __future__ import annotations

import re
from collections.abc import MutableMapping
from ipaddress import ip_address
from typing import Any

from blocks.routers.names import LOOPBACK
from stack.server.asgi import App, Receive, Send, header, refuse
from tasks.errors import BadInputError
from tasks.settings import Settings

_IN_MEMORY = "prefect-in-memory"
"""How Prefect's server calls itself when it asks itself; no resolver knows it."""
_MISDIRECTED = 421
_FORBIDDEN = 403
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGES = frozenset({"", "same-origin", "none"})
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


def is_own_page(host: str, origin: str, fetch_site: str) -> bool:
    """Tell whether a request is of no page at all, or of one that the same server has sent.

    Args:
        host: To whom it speaks, as ``Host`` says.
        origin: Where the page is from, as ``Origin`` says; empty where nothing does.
        fetch_site: The same in the words of ``Sec-Fetch-Site``.
    """
    same = origin.lower() in {"", f"http://{host}".lower(), f"https://{host}".lower()}
    return same and fetch_site in _OWN_PAGES


class OwnNames:
    """An ASGI application that answers only who speaks to it by a name of this machine.

    Pages that it has not sent itself change nothing through it.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        host, origin = header(scope, b"host"), header(scope, b"origin")
        own_page = is_own_page(host, origin, header(scope, b"sec-fetch-site"))
        if is_own_name(host) and (own_page or scope.get("method") in _READS):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": "Host or Origin"})
        elif not is_own_name(host):
            await refuse(send, _MISDIRECTED, _refusal(host))
        else:
            await refuse(send, _FORBIDDEN, _foreign(origin))


def _foreign(origin: str) -> BadInputError:
    remedy = "Use the UI itself, or a program; or have a password asked for (SLIPWAY_AUTH=true)."
    return BadInputError("Origin", origin, "is no page of this server", remedy)


def _refusal(host: str) -> BadInputError:
    remedy = f"Use one of {', '.join(LOOPBACK)}, or have a password asked for (SLIPWAY_AUTH=true)."
    return BadInputError("Host", host, "is no name of this machine", remedy)
