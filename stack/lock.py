"""The lock of a home, which lets one `make up` or `make down` run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from blocks import file_lock
from tasks.errors import BusyError
from tasks.home import Home


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's lock.

    Raises:
        BusyError: Another `up` or `down` holds it.
    """
    with file_lock.unless_held(home.lock_file) as lock:
        if lock is None:
            raise BusyError(
                f"another `make up` or `make down` is running in {home.root}. Wait for it."
            )
        yield
