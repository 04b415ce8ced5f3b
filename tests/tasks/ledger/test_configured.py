"""Tests of the record of the file from which a block came."""

from __future__ import annotations

from tasks.ledger.configured import configured_from, forget_configured, record_configured
from tasks.ledger.connection import Ledger


def test_a_block_is_of_the_file_that_configured_it_last(ledger: Ledger) -> None:
    """What is removed from one file would be told as missing in another."""
    record_configured(ledger, ["project/a", "project/b"], "/one.yaml", 1.0)
    record_configured(ledger, ["project/b", "provider/x"], "/two.yaml", 2.0)
    record_configured(ledger, [], "/two.yaml", 3.0)
    assert configured_from(ledger, "/one.yaml") == ["project/a"]
    assert configured_from(ledger, "/two.yaml") == ["project/b", "provider/x"]
    forget_configured(ledger, ["project/b"])
    assert configured_from(ledger, "/two.yaml") == ["provider/x"]
