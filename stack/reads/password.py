"""Asks for the password of the API, where a connection comes from outside of this user's files."""

from __future__ import annotations

import hmac
from collections.abc import MutableMapping
from typing import Any

from stack.auth import auth_header
from stack.server.asgi import App, Receive, Send, header, refuse
from tasks.errors import BadInputError

_UNAUTHORIZED = 401
_CHALLENGE = (b"www-authenticate", b'Basic realm="Slipway"')
"""Has a browser ask for user and password (RFC 7617)."""


class PasswordRequired:
    """ASGI middleware that answers only requests with the password.

    ``auth`` is ``user:password``, not empty.
    """

    def __init__(self, app: App, auth: str) -> None:
        self._app = app
        self._expected = auth_header(auth)["Authorization"].encode()

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        given = header(scope, b"authorization").encode("latin-1")
        if hmac.compare_digest(given, self._expected):
            await self._app(scope, receive, send)
            return
        remedy = "Send it as HTTP Basic; it is in the file `auth` of the home."
        error = BadInputError("Authorization", "(hidden)", "is not the password of the API", remedy)
        await refuse(send, _UNAUTHORIZED, error, _CHALLENGE)
