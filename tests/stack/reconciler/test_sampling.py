"""Tests of the samples that the reconciler keeps."""

from __future__ import annotations

from pathlib import Path

from stack.reconciler.sampling import Sampling
from tasks.ledger.connection import Ledger
from tasks.ledger.samples import samples


def test_samples_are_kept_for_their_time(ledger: Ledger, tmp_path: Path) -> None:
    """The ledger would grow without end, or forget the last hour."""
    sampling = Sampling(ledger, tmp_path, keep_days=1)
    sampling(1_000.0)
    sampling(80_000.0)
    assert {each.at for each in samples(ledger)} == {1_000.0, 80_000.0}
    sampling(100_000.0)
    assert {each.at for each in samples(ledger)} == {80_000.0, 100_000.0}
