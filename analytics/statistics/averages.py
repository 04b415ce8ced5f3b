"""Running averages that forget, of a key where it has a past, else of keys like it, else of all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_OF_KEY = 0.98
_OF_CONTEXT = 0.998


class _Sum:
    """A discounted sum of vectors and the discounted number of their entries."""

    __slots__ = ("number", "total")

    def __init__(self, size: int) -> None:
        self.total, self.number = np.zeros(size), np.zeros(size)

    def add(self, values: Floats, there: Mask, keep: float) -> None:
        """Add the entries that are there, the others being 0; only the former forget."""
        kept = 1.0 - (1.0 - keep) * there
        self.total *= kept
        self.number *= kept
        self.total += values
        self.number += there


class Averages:
    """Averages of vectors of ``size``, shrunk from a key to its context to all.

    ``start`` is what is assumed before anything was seen, as if ``weight`` runs had shown it (both
    one number an entry); a key and a context each need that many runs to speak as loudly as what
    lies above them.
    """

    def __init__(self, start: Floats, weight: Floats) -> None:
        self._size, self._weight = len(start), weight
        self._keys: dict[int, _Sum] = {}
        self._contexts: dict[int, _Sum] = {}
        self._all = _Sum(self._size)
        self._all.total, self._all.number = start * weight, weight.astype(float)

    def predict(self, key: int, context: int) -> Floats:
        """Return the averages for a run of that key in that context."""
        found = self._all.total / self._all.number
        for book, name in ((self._contexts, context), (self._keys, key)):
            if own := book.get(name):
                found = (own.total + self._weight * found) / (own.number + self._weight)
        return found

    def update(self, key: int, context: int, values: Floats, there: Mask) -> None:
        """Learn from the entries of ``values`` that are ``there``."""
        values = np.where(there, values, 0.0)
        for book, name, keep in (
            (self._keys, key, _OF_KEY),
            (self._contexts, context, _OF_CONTEXT),
        ):
            own = book.get(name)
            if own is None:
                own = book[name] = _Sum(self._size)
            own.add(values, there, keep)
        self._all.add(values, there, _OF_CONTEXT)
