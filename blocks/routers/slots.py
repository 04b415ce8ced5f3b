"""Slots, which are files that say where a public port's requests go, all replaced by one rename.

``<directory>/<public port>/current`` is a symbolic link to a generation folder; in it, file
``<share>`` holds one upstream. Caddy opens ``current/<share>`` for every request.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path

from blocks.removal import discard
from blocks.routers.caddyfile import SHARES
from blocks.routers.interface import RouterError

_UPSTREAM = re.compile(r"^(\[[0-9a-fA-F:]+\]|[A-Za-z0-9._-]+):([0-9]{1,5})$")
_GENERATION = "generation-"
# A request may still be on its way through a folder that has just been replaced.
_KEPT_GENERATIONS = 3


def shares_of(upstreams: Sequence[str], count: int = SHARES) -> tuple[str, ...]:
    """Deal ``count`` shares to ``upstreams`` in turn; two upstreams differ by one share at most.

    Raises:
        RouterError: An upstream is not ``host:port``, or there are more of them than shares.
    """
    for upstream in upstreams:
        match = _UPSTREAM.match(upstream)
        if not match or not 0 < int(match[2]) < 1 << 16:
            raise RouterError(
                f"upstream: must be host:port (got {upstream!r}). Use e.g. 127.0.0.1:80"
            )
    if len(upstreams) > count:
        raise RouterError(f"upstreams: {len(upstreams)}, but at most {count}. Use fewer replicas.")
    return tuple(upstreams[share % len(upstreams)] for share in range(count)) if upstreams else ()


class SlotRouter:
    """The router that switches by a rename; the reader of the files (Caddy) need not be running."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def prepare(self, public_ports: Sequence[int]) -> None:
        """Make sure that every public port has its slots; existing routes stay."""
        for public_port in public_ports:
            if not self._current(public_port).exists():
                self.route(public_port, ())

    def route(self, public_port: int, upstreams: Sequence[str]) -> None:
        """Send new requests of ``public_port`` to ``upstreams``, in equal shares, from now on.

        Raises:
            RouterError: An upstream is invalid; nothing was changed.
        """
        shares = shares_of(tuple(dict.fromkeys(upstreams)))
        folder = self._directory / str(public_port)
        folder.mkdir(parents=True, exist_ok=True)
        generation = Path(tempfile.mkdtemp(prefix=_GENERATION, dir=folder))
        _write_generation(generation, shares)
        _point(self._current(public_port), generation)
        _forget_old(folder, generation)

    def upstreams(self, public_port: int) -> tuple[str, ...]:
        """Return where requests of ``public_port`` go; empty when nowhere."""
        try:
            generation = self._current(public_port).resolve(strict=True)
        except FileNotFoundError:
            return ()
        slots = [(generation / str(share)).read_text() for share in range(SHARES)]
        return tuple(dict.fromkeys(slot.strip() for slot in slots if slot.strip()))

    def _current(self, public_port: int) -> Path:
        return self._directory / str(public_port) / "current"


def _write_generation(generation: Path, shares: Sequence[str]) -> None:
    """Write each upstream once, durably, and link the shares to it."""
    names = {upstream: f"upstream-{n}" for n, upstream in enumerate(dict.fromkeys(shares or [""]))}
    for upstream, name in names.items():
        with (generation / name).open("w") as file:
            file.write(upstream)
            file.flush()
            os.fsync(file.fileno())
    for share in range(SHARES):
        (generation / str(share)).symlink_to(names[shares[share] if shares else ""])
    _sync(generation)


def _point(current: Path, generation: Path) -> None:
    fresh = current.with_name(f"next-{generation.name}")
    fresh.symlink_to(generation.name)
    fresh.replace(current)
    _sync(current.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget_old(folder: Path, current: Path) -> None:
    """Remove all but the latest generations, and unfinished ones of a killed predecessor."""
    by_age = sorted(folder.glob(f"{_GENERATION}*"), key=lambda path: path.stat().st_mtime_ns)
    for old in by_age[:-_KEPT_GENERATIONS]:
        if old != current:
            discard(old)
            folder.joinpath(f"next-{old.name}").unlink(missing_ok=True)
