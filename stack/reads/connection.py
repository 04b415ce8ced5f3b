"""A connection to the process that answers reads; it is closed when no request comes."""

from __future__ import annotations

import asyncio
from typing import Any

from uvicorn.protocols.http.h11_impl import H11Protocol

SILENT_SECONDS = 10.0
"""How long a request may take to come."""
MOST = 500
"""How many connections there may be; one more is closed at once."""


class Connection(H11Protocol):
    """Closes itself after ``silent_seconds`` without a request, and as one of too many."""

    def __init__(
        self, *args: Any, silent_seconds: float = SILENT_SECONDS, most: int = MOST, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self._silent_seconds, self._most = silent_seconds, most
        self._closing: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Take part, unless there are too many."""
        super().connection_made(transport)
        if len(self.connections) > self._most:
            transport.abort()
        else:
            self._closing = self.loop.call_later(self._silent_seconds, self._close_if_silent)

    def connection_lost(self, exc: Exception | None) -> None:
        """Be forgotten at once."""
        if self._closing is not None:
            self._closing.cancel()
        super().connection_lost(exc)

    def _close_if_silent(self) -> None:
        if self.cycle is None:
            self.transport.abort()
