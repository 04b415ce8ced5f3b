"""The addresses to which Apprise sends; importing it takes half a second, so it is done late."""

from __future__ import annotations

import logging
import re

_SCHEME = re.compile(r"[a-z0-9+.-]+://", re.IGNORECASE)
_MAX_PORT = 65535


def is_known_address(address: str) -> bool:
    """Tell whether Apprise can send to ``address``: one address, with a port that there is."""
    from apprise import Apprise  # noqa: PLC0415 - see above

    if len(_SCHEME.findall(address)) > 1 and re.search(r"[\s,]", address):
        return False
    logger = logging.getLogger("apprise")
    was_disabled, logger.disabled = logger.disabled, True  # it would log the address, a secret
    try:
        service = Apprise.instantiate(address, suppress_exceptions=True)
        port = getattr(service, "port", None)
        return service is not None and (port is None or 0 < port <= _MAX_PORT)
    finally:
        logger.disabled = was_disabled


def shown_address(address: str) -> str:
    """Return what of ``address`` may be shown: the name of its service, and nothing secret."""
    scheme = _SCHEME.match(address)
    return f"{scheme[0]}..." if scheme else "(secret)"
