"""The interface of routers; free of Prefect."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from blocks.errors import SlipwayError


class RouterError(SlipwayError):
    """A router that cannot do what it was asked to; the message says which value and what to do."""


class Router(Protocol):
    """Moves the traffic of a public port between upstreams (``host:port``), dropping nothing."""

    def route(self, public_port: int, upstreams: Sequence[str]) -> None:
        """Send new requests of ``public_port`` to ``upstreams``, in equal shares, from now on."""
        ...

    def upstreams(self, public_port: int) -> tuple[str, ...]:
        """Return where requests of ``public_port`` go; empty when nowhere."""
        ...
