"""The lock of a home, which lets one `make up` or `make down` run at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager

from tasks.errors import BusyError
from tasks.home import Home


@contextmanager
def exclusive(home: Home) -> Iterator[None]:
    """Hold the home's lock.

    Raises:
        BusyError: Another `up` or `down` holds it.
    """
    with home.lock_file.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError(
                f"another `make up` or `make down` is running in {home.root}. Wait for it."
            ) from error
        yield
