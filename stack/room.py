"""Checks that the file system of a home has room for a stack, before its start and during it."""

from __future__ import annotations

from contextlib import suppress

from blocks.file_system import mount_of
from stack.disk_reserve import FULL_BYTES, RESERVE_BYTES, free_bytes
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.quantities import MIB_BYTES

NEW_HOME_BYTES = 48 * MIB_BYTES
"""A new home takes 22 MiB until `make up` is done: the UI takes 16, Prefect's database 5.

Its reserve is kept where 16 MiB are free then. The other 10 are for logs, and for what a database
writes beside itself."""
OLD_HOME_BYTES = 2 * RESERVE_BYTES
"""With less than this free, a home that has its files has nothing to keep its reserve of."""
_REMEDY = (
    "Make room there, enlarge it, or set SLIPWAY_HOME to a folder on another file system: "
    "SLIPWAY_HOME=<folder> make up."
)


def require_room(home: Home) -> None:
    """Refuse to start a stack where there is too little room for it; the reserve counts as room.

    Raises:
        BadInputError: It names the file system, what is free, and what is needed.
    """
    is_new = not home.registration_file.exists()
    needed = NEW_HOME_BYTES if is_new else OLD_HOME_BYTES
    free = free_bytes(mount_of(home.root))
    with suppress(FileNotFoundError):
        free += home.reserve_file.stat().st_size
    if free < needed:
        what = "a new home" if is_new else "this home"
        needs = f"{what} needs {needed // MIB_BYTES} MiB"
        raise _refusal(home, f"has too little room: {_mib(free)} are free, and {needs}")


def require_room_left(home: Home) -> None:
    """Refuse to wait on for a stack that finds no room any more.

    Raises:
        BadInputError: It names the file system and what is free.
    """
    free = free_bytes(home.root)
    if free < FULL_BYTES:
        raise _refusal(home, f"is full: {_mib(free)} are free")


def _refusal(home: Home, problem: str) -> BadInputError:
    where = f"its file system, at {mount_of(home.root)},"
    return BadInputError("SLIPWAY_HOME", str(home.root), f"{where} {problem}", _REMEDY)


def _mib(count: int) -> str:
    return f"{count / MIB_BYTES:.1f} MiB"
