"""Tests of metric samples."""

from __future__ import annotations

from tasks.ledger.connection import Ledger
from tasks.ledger.samples import Sample, forget_samples, record_samples, samples

CPU = Sample("web", "cpu_percent", 12.5, 1.0)
MEMORY = Sample("web", "memory_mib", 64.0, 2.0)
OTHER = Sample("db", "cpu_percent", 1.0, 3.0)


def test_samples_are_narrowed_and_forgotten(ledger: Ledger) -> None:
    """A chart would otherwise mix services, and the ledger grow without end."""
    record_samples(ledger, [OTHER, CPU, MEMORY])
    record_samples(ledger, [])
    assert samples(ledger) == [CPU, MEMORY, OTHER]
    assert samples(ledger, "web", since=2.0) == [MEMORY]
    assert forget_samples(ledger, before=2.0) == 1
    assert samples(ledger) == [MEMORY, OTHER]
