"""When a file system has little room left."""

from __future__ import annotations

from stack.disk_reserve import RESERVE_BYTES
from tasks.observe.disk_space import LOW_BYTES, is_low
from tasks.quantities import MIB_BYTES


def test_low_is_a_gigabyte_or_a_tenth() -> None:
    """Broken: a small disk is warned of for ever, or a large one never."""
    assert not is_low(30 * MIB_BYTES, 200 * MIB_BYTES)
    assert is_low(19 * MIB_BYTES, 200 * MIB_BYTES)
    assert not is_low(2_000 * MIB_BYTES, 2_000_000 * MIB_BYTES)
    assert is_low(1_000 * MIB_BYTES, 2_000_000 * MIB_BYTES)
    assert LOW_BYTES > RESERVE_BYTES
