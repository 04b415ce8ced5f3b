"""How a kernel is compiled: ahead of its second use, kept on disk, and without holding the GIL."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def kernel(function: F) -> F:
    """Return ``function`` compiled by numba at its first call; the result is kept beside it."""
    return cast("F", numba.njit(cache=True, nogil=True)(function))
