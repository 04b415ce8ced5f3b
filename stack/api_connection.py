"""A connection to the Prefect API that waits for the server, for modules that do not import Prefect.

A server on SQLite answers 503 under bursts, and for as long as its 60 s busy time-out where two of
its transactions block each other. Such answers and lost connections are repeated with a back-off.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from stack.auth import auth_header, read_auth
from tasks.errors import SlipwayError
from tasks.home import Home
from tasks.settings import Settings, settings

RETRIED_CODES = frozenset({429, 502, 503, 504})
PAGE_SIZE = 200
EMIT_SECONDS = 2.0
"""How long the server may take for events."""

Json = dict[str, Any]


class ApiError(SlipwayError):
    """The Prefect API could not be reached, or refused."""


@cache
def _tls(scheme: str) -> ssl.SSLContext:
    """Return how all clients check certificates: reading those of the authorities takes long.

    Where the address needs none, nobody is trusted, and none are read.
    """
    if scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context(trust_env=False)


class ApiConnection:
    """Sends requests, and sends those again that an overloaded server did not take.

    Args:
        url: Address of the API, ``http://host:port/api``.
        auth: Its auth string; empty when it asks for none.
        patience_seconds: How long an unreachable or overloaded server is asked again.
        timeout_seconds: How long one question may wait for its answer.
    """

    def __init__(
        self,
        url: str,
        auth: str = "",
        patience_seconds: float = 90.0,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._patience = patience_seconds
        self._client = httpx.Client(
            base_url=url,
            headers=auth_header(auth),
            timeout=timeout_seconds,
            trust_env=False,
            verify=_tls(url.partition(":")[0]),
        )

    @classmethod
    def of(
        cls,
        config: Settings | None = None,
        patience_seconds: float = 90.0,
        timeout_seconds: float = 30.0,
    ) -> Self:
        """Return a client of the server that the settings name, with the password of their home."""
        config = config or settings()
        auth = read_auth(Home(config.root).auth_file) if config.auth else ""
        return cls(config.api_url, auth, patience_seconds, timeout_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request and return its JSON; None for an empty answer.

        Raises:
            ApiError: The server stayed away past the patience, or refused the password.
            httpx.HTTPStatusError: Any other refusal, for the caller to name.
        """
        deadline, pause = time.monotonic() + self._patience, 0.1
        while True:
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.TransportError as error:
                problem = f"does not answer ({error})"
            else:
                if answer.status_code not in RETRIED_CODES:
                    return self._read(answer)
                problem = f"is overloaded (HTTP {answer.status_code})"
            if time.monotonic() + pause > deadline:
                raise ApiError(
                    f"the Prefect API at {self._client.base_url} {problem}. Is it up? `make up`"
                )
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    def _read(self, answer: httpx.Response) -> Any:
        if answer.status_code in {401, 403}:
            raise ApiError(
                f"the Prefect API at {self._client.base_url} refused the password. "
                "SLIPWAY_HOME must name the home it was started with."
            )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def emit(self, events: Sequence[Json]) -> None:
        """Record events; it asks once and waits little, as nothing may be delayed by it.

        Raises:
            ApiError: The server does not answer, is overloaded, or refused the password.
            httpx.HTTPStatusError: It refused the events.
        """
        try:
            answer = self._client.post("/events", json=list(events), timeout=EMIT_SECONDS)
        except httpx.TransportError as error:
            raise ApiError(f"the events were not taken: {error}") from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ApiError(f"the events were not taken (HTTP {answer.status_code})")
        self._read(answer)

    def healthy(self) -> bool:
        """Tell whether the server answers now; asks once."""
        try:
            return self._client.get("/health", timeout=2.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

    def every(self, path: str, body: Json) -> list[Json]:
        """Return all items that a filter of the API matches, read page by page."""
        items: list[Json] = []
        while True:
            page: list[Json] = self.call(
                "POST", path, {**body, "limit": PAGE_SIZE, "offset": len(items)}
            )
            items += page
            if len(page) < PAGE_SIZE:
                return items
