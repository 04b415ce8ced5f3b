"""The lock of a home, which lets one `make up` or `make down` run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from blocks import file_lock
from stack.disk_reserve import is_no_room
from tasks.errors import BusyError
from tasks.home import Home


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's lock.

    Raises:
        BusyError: Another `up` or `down` holds it.
    """
    with _lock(home) as lock:
        if lock is None:
            raise BusyError(
                f"another `make up` or `make down` is running in {home.root}. Wait for it."
            )
        yield


@contextmanager
def _lock(home: Home) -> Iterator[int | None]:
    """Lock the file; where there is no room to make it, and so nobody has it, lock its folder."""
    with ExitStack() as held:
        try:
            lock = held.enter_context(file_lock.unless_held(home.lock_file))
        except OSError as error:
            if not is_no_room(error):
                raise
            lock = held.enter_context(file_lock.unless_held(home.stack, file_lock.FOLDER))
        yield lock
