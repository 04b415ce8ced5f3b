"""Keeps the samples of the machine and of every service, each for as long as is configured."""

from __future__ import annotations

from pathlib import Path

from stack.reconciler.measurement import Meter
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.samples import forget_samples, record_samples
from tasks.release import LIVING

SECONDS_A_DAY = 86_400


class Sampling:
    """Writes samples of the machine and of every service, and forgets old ones."""

    def __init__(self, ledger: Ledger, folder: Path, keep_days: float) -> None:
        self._ledger, self._meter, self._keep = ledger, Meter(folder), keep_days * SECONDS_A_DAY

    def __call__(self, now: float) -> list[str]:
        """Measure once."""
        running = instances(self._ledger, states=LIVING)
        record_samples(self._ledger, self._meter.measure(running, now))
        forget_samples(self._ledger, now - self._keep)
        return []
