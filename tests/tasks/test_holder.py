"""Who finds a lock taken is told by whom."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.holder import NOBODY_KNOWN, acting_as, holder_of, signed

FULL = Path("/dev/full")


def test_its_name_stands_in_the_lock_for_as_long_as_it_is_held(tmp_path: Path) -> None:
    """Broken: who waits is told of a run that has ended long ago, or of none."""
    with (tmp_path / "lock").open("a+") as held, (tmp_path / "lock").open("a+") as other:
        with acting_as("the run 'launch größe' (1)"), signed(held):
            assert holder_of(other) == "the run 'launch größe' (1)"
        assert holder_of(other) == NOBODY_KNOWN
        with signed(held):
            assert holder_of(other) == NOBODY_KNOWN


@pytest.mark.skipif(not FULL.exists(), reason="only Linux has a device without room")
def test_a_name_that_cannot_be_written_keeps_nobody_from_holding_a_lock() -> None:
    """Broken: on a full disk nothing can be stopped any more, as its lock cannot be signed."""
    with FULL.open("w") as held, acting_as("x"), signed(held):
        held_all_the_same = True
    assert held_all_the_same
