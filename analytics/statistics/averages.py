"""Exponentially discounted averages for each key, shrunk towards similar keys and towards all."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

# The weight of what was learnt so far, at each new run.
_KEY_DECAY = 0.98
_CONTEXT_DECAY = 0.998


class _Sum:
    """A discounted sum of vectors and the discounted number of their entries."""

    __slots__ = ("number", "total")

    def __init__(self, size: int) -> None:
        self.total, self.number = np.zeros(size), np.zeros(size)

    def add(self, values: Floats, is_known: Mask, keep: float) -> None:
        """Add the known entries (the others are 0); only their sums are discounted."""
        factor = 1.0 - (1.0 - keep) * is_known
        self.total *= factor
        self.number *= factor
        self.total += values
        self.number += is_known


class Averages:
    """Averages of vectors of ``size``, shrunk from a key to its context to all.

    ``start`` is the prior, which counts as much as ``weight`` runs (both have one number an entry);
    a key and a context each need that many runs to weigh as much as the level above them.
    """

    def __init__(self, start: Floats, weight: Floats) -> None:
        self._size, self._weight = len(start), weight
        self._keys: dict[int, _Sum] = {}
        self._contexts: dict[int, _Sum] = {}
        self._all = _Sum(self._size)
        self._all.total, self._all.number = start * weight, weight.astype(float)

    def predict(self, key: int, context: int) -> Floats:
        """Return the averages for a run of that key in that context."""
        averages = self._all.total / self._all.number
        for sums, name in ((self._contexts, context), (self._keys, key)):
            if entry := sums.get(name):
                averages = (entry.total + self._weight * averages) / (entry.number + self._weight)
        return averages

    def update(self, key: int, context: int, values: Floats, is_known: Mask) -> None:
        """Learn from the entries of ``values`` that ``is_known`` marks."""
        values = np.where(is_known, values, 0.0)
        for sums, name, keep in (
            (self._keys, key, _KEY_DECAY),
            (self._contexts, context, _CONTEXT_DECAY),
        ):
            entry = sums.get(name)
            if entry is None:
                entry = sums[name] = _Sum(self._size)
            entry.add(values, is_known, keep)
        self._all.add(values, is_known, _CONTEXT_DECAY)
