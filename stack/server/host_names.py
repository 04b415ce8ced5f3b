"""Checks the Host and Origin of requests to a server that asks for no password.

A web page can have its own site's name resolve to this machine (DNS rebinding), and then send
requests from its visitor's browser to what listens here. Such requests bear the site's name. A page
can also send anything to a name of this machine (CSRF), though it cannot read the answer: the
browser then states the page's origin.
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
"""The host name that Prefect's server uses for requests to itself; no resolver knows it."""
_MISDIRECTED = 421
_FORBIDDEN = 403
_READS = frozenset({"GET", "HEAD", "OPTIONS"})
_OWN_PAGES = frozenset({"", "same-origin", "none"})
_HOST = re.compile(r"(?:\[(?P<address>[0-9a-f:.]+)\]|(?P<name>[^:\[\]]+))(?::\d+)?")

OPEN = (
    "no password is required (SLIPWAY_AUTH=false): every user and program of this machine "
    "may run anything as you"
)


def is_loopback(host: str) -> bool:
    """Tell whether only this machine can reach what binds to ``host``."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def refuse_open(config: Settings) -> None:
    """Refuse to let other machines in without a password.

    Raises:
        BadInputError: ``SLIPWAY_AUTH`` is false, and the host is not loopback.
    """
    if not config.auth and not is_loopback(config.host):
        problem = f"is false, and {config.host} (SLIPWAY_HOST) is reached by other machines"
        remedy = "Leave SLIPWAY_AUTH at true, or SLIPWAY_HOST at 127.0.0.1."
        raise BadInputError("SLIPWAY_AUTH", config.auth, problem, remedy)


def is_own_name(header: str) -> bool:
    """Tell whether ``header``, with or without a port, is a name of this machine for itself."""
    match = _HOST.fullmatch(header.lower())
    name = (match["address"] or match["name"].rstrip(".")) if match else ""
    return name in {*LOOPBACK, _IN_MEMORY} or name.endswith(".localhost")


def is_own_page(host: str, origin: str, fetch_site: str) -> bool:
    """Tell whether a request comes from no page at all, or from a page of the same server.

    Args:
        host: The header ``Host``.
        origin: The header ``Origin``; empty if there is none.
        fetch_site: The header ``Sec-Fetch-Site``; empty if there is none.
    """
    same = origin.lower() in {"", f"http://{host}".lower(), f"https://{host}".lower()}
    return same and fetch_site in _OWN_PAGES


class OwnNames:
    """ASGI middleware that answers only requests to a name of this machine.

    Pages of other origins cannot change anything through it.
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
    remedy = "Use the UI itself, or a program; or require a password (SLIPWAY_AUTH=true)."
    return BadInputError("Origin", origin, "is not a page of this server", remedy)


def _refusal(host: str) -> BadInputError:
    remedy = f"Use one of {', '.join(LOOPBACK)}, or require a password (SLIPWAY_AUTH=true)."
    return BadInputError("Host", host, "is not a name of this machine", remedy)
