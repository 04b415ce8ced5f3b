"""Builds the Caddy configuration, once for all public ports and never reloaded; pure.

Every public port spreads its requests over a fixed number of slots, and each slot is a
``{file.<path>}`` placeholder that Caddy reads again for every request. So traffic moves by
replacing files (see ``slots``), and no connection is ever dropped by a reload.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from blocks.routers.interface import RouterError
from blocks.routers.names import BELOW_LOCALHOST, LOOPBACK

# Divides evenly by 1 to 6, 8, 10 and 12: that many replicas get exactly equal shares, and a
# canary may get 5 or 10 %.
SHARES = 120

# A handler that matches no request, hence: repeat only what never left (a failed dial).
_NEVER = [{"method": ["NONE"]}]


def slot_path(directory: Path, public_port: int, share: int) -> Path:
    """Return the file that holds the upstream of one share of a public port."""
    return directory / str(public_port) / "current" / str(share)


def listen_address(host: str, port: int) -> str:
    """Return ``host:port``, with brackets around an IPv6 address."""
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def caddy_config(
    directory: Path, host: str, public_ports: Sequence[int], *, own_names: bool = False
) -> dict[str, object]:
    """Return Caddy's JSON configuration for ``public_ports``, with the slots below ``directory``.

    ``own_names``: only requests to a name of this machine are answered.

    Raises:
        RouterError: ``directory`` cannot stand in a placeholder.
    """
    if not directory.is_absolute() or set(str(directory)) & set("{}\n"):
        raise RouterError(
            f"router directory: must be absolute and without braces (got {str(directory)!r}). "
            "Choose another home folder."
        )
    servers = {
        f"front-{port}": _server(directory, host, port, own_names=own_names)
        for port in public_ports
    }
    return {
        "admin": {"disabled": True, "config": {"persist": False}},
        "logging": {"logs": {"default": _log()}},
        "storage": {"module": "file_system", "root": str(directory / "storage")},
        "apps": {"http": {"grace_period": "10s", "servers": servers}},
    }


def _log() -> dict[str, object]:
    """Log errors only, without what a client sent, as a query may hold a secret."""
    hidden = {"filter": "delete"}
    fields = {"request>headers": hidden, "request>uri": hidden}
    encoder = {"format": "filter", "wrap": {"format": "json"}, "fields": fields}
    return {"level": "ERROR", "encoder": encoder}


def _server(directory: Path, host: str, port: int, *, own_names: bool) -> dict[str, object]:
    return {
        "listen": [listen_address(host, port)],
        "protocols": ["h1"],
        "automatic_https": {"disable": True},
        # A client on this machine may be a proxy that ends TLS, so its forwarded headers are kept.
        "trusted_proxies": {"source": "static", "ranges": ["127.0.0.0/8", "::1/128"]},
        "read_header_timeout": "30s",
        "idle_timeout": "5m",
        "routes": [
            *([_misdirected()] if own_names else []),
            _nothing_deployed(directory, port),
            {"handle": [_proxy(directory, port)]},
        ],
    }


def _misdirected() -> dict[str, object]:
    """Refuse requests to a host name that is not of this machine (DNS rebinding)."""
    answer = {
        "handler": "static_response",
        "status_code": 421,
        "headers": {"Content-Type": ["text/plain; charset=utf-8"]},
        "body": f"Host: is not a name of this machine. Use one of {', '.join(LOOPBACK)}.\n",
    }
    foreign = {"not": [{"host": [*LOOPBACK, BELOW_LOCALHOST]}]}
    return {"match": [foreign], "handle": [answer], "terminal": True}


def _nothing_deployed(directory: Path, port: int) -> dict[str, object]:
    first = f"{{file.{slot_path(directory, port, 0)}}}"
    answer = {
        "handler": "static_response",
        "status_code": 503,
        "headers": {"Content-Type": ["text/plain; charset=utf-8"], "Retry-After": ["5"]},
        "body": f"Nothing is deployed on public port {port}.\n",
    }
    return {"match": [{"vars": {first: [""]}}], "handle": [answer], "terminal": True}


def _proxy(directory: Path, port: int) -> dict[str, object]:
    """Proxy to the slots so that no request can run twice and none meets a stale connection.

    A connection to an upstream serves one request. A reused one may be closed by the upstream
    at the moment a request is sent; Go's transport then repeats requests that it considers safe,
    and a POST fails. On a fresh connection nothing is repeated once it is established; a failed
    dial is repeated for two seconds.
    """
    dials = [f"{{file.{slot_path(directory, port, share)}}}" for share in range(SHARES)]
    return {
        "handler": "reverse_proxy",
        "upstreams": [{"dial": dial} for dial in dials],
        "load_balancing": {
            "selection_policy": {"policy": "round_robin"},
            "try_duration": "2s",
            "try_interval": "50ms",
            "retry_match": _NEVER,
        },
        "transport": {
            "protocol": "http",
            "dial_timeout": "2s",
            "compression": False,
            "keep_alive": {"enabled": False},
        },
        "flush_interval": "100ms",
    }
