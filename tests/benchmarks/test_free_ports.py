"""Ports for tests and measurements."""

from __future__ import annotations

from benchmarks.free_ports import free_ports


def test_nobody_gets_the_ports_of_another() -> None:
    """Broken: a server that starts later takes the ports that a test has chosen before."""
    rows = [set(range(first, first + 200)) for first in (free_ports(200) for _ in range(20))]
    assert len(set.union(*rows)) == 20 * 200
