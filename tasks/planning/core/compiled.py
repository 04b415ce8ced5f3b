"""Functions on arrays that are interpreted for small inputs and compiled by numba for large ones.

Importing numba takes half a second and 130 MB, more than the whole computation for most
workloads. A kernel returns the same result either way; only the time differs.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar, cast

import numpy as np

P = ParamSpec("P")
R = TypeVar("R")

# Arrays of more rows are left to compiled loops; some loops over the rows are nested.
_ROWS = 130
# Once interpreted loops have taken about as long as the import would, everything is compiled.
_PATIENCE_SECONDS = 0.6


class Kernel(Generic[P, R]):
    """A function on arrays that numba can compile; ``heavy`` ones repeat themselves many times.

    ``plain`` is the function itself.
    """

    spent_seconds = 0.0
    """How long kernels have been interpreted in this process, in seconds of CPU."""
    depth = 0
    """How many kernels are being interpreted that count their time."""

    def __init__(self, function: Callable[P, R], *, heavy: bool) -> None:
        self.plain = function
        self._heavy = heavy
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Call the function, interpreted or compiled, whichever is faster."""
        if compiles() or self._heavy or _rows(args) > _ROWS:
            return self.compiled(*args, **kwargs)
        if Kernel.depth:  # the time of the outermost one holds that of those it calls
            return self.plain(*args, **kwargs)
        Kernel.depth += 1
        began = time.thread_time()  # a busy machine is no reason to compile
        try:
            return self.plain(*args, **kwargs)
        finally:
            Kernel.depth -= 1
            Kernel.spent_seconds += time.thread_time() - began

    @cached_property
    def compiled(self) -> Callable[P, R]:
        """The function compiled at its first call; the result is kept beside it on disk."""
        import numba  # noqa: PLC0415 - see above

        return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(self.plain))

    @property
    def _numba_type_(self) -> Any:
        """The type that numba sees where another compiled kernel calls this one."""
        return cast("Any", self.compiled)._numba_type_


def compiles() -> bool:
    """Tell whether kernels are compiled: numba is imported, or should be by now."""
    return "numba" in sys.modules or Kernel.spent_seconds > _PATIENCE_SECONDS


def kernel(function: Callable[P, R]) -> Kernel[P, R]:
    """Return ``function`` as a kernel that is interpreted for small inputs and else compiled."""
    return Kernel(function, heavy=False)


def search(function: Callable[P, R]) -> Kernel[P, R]:
    """Return ``function``, a search with many iterations, as a kernel that is always compiled."""
    return Kernel(function, heavy=True)


def _rows(arguments: tuple[object, ...]) -> int:
    return max((len(array) for array in arguments if isinstance(array, np.ndarray)), default=0)
