"""Reasons name the resource, the amount, the holders and the time."""

from __future__ import annotations

from math import inf

from blocks.providers.interface import Resources
from tasks.allocate.reasons import about, amount, holders, never_fits, shortage

CAPACITY = Resources(cpus=2, memory_mib=1024, slots=1)


def test_a_shortage_names_every_resource_with_its_unit() -> None:
    """`does not fit` alone leaves the user to guess what to raise."""
    assert shortage("local", {"slots": 1}, CAPACITY) == "local lacks 1 slot of 1"
    assert (
        shortage("local", {"cpus": 0.5, "memory_mib": 512}, CAPACITY)
        == "local lacks 0.5 cpus of 2 and 512 MiB of 1024"
    )
    assert amount("cpus", 1.0) == "1 cpu"


def test_the_first_holders_to_end_are_named() -> None:
    """A list of hundreds of holders would hide the answer to `how long`."""
    holding = [("w/c", 30.0), ("w/a", 12.4), ("w/b", inf), ("w/d", 40.0)]
    assert (
        holders(holding) == "held by w/a for about 12 s more and w/c for about 30 s more and 2 more"
    )
    assert holders([]) == "held by nobody"
    assert about(0.2) == "for about 1 s more"
    assert about(inf) == "for an unknown time"


def test_what_never_fits_says_what_to_do() -> None:
    """Otherwise the user waits for what cannot come."""
    message = never_fits("local", "w/a", Resources(cpus=1, slots=2), CAPACITY)
    assert message.startswith("w/a needs 2 slots of 1 on local: it can never fit.")
