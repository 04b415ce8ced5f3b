"""Ports for tests and measurements."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports, ports_on_loan


def test_nobody_gets_the_ports_of_another() -> None:
    """Broken: a server that starts later takes the ports that a test has chosen before."""
    rows = [set(range(first, first + 200)) for first in (free_ports(200) for _ in range(6))]
    assert len(set.union(*rows)) == 6 * 200


@pytest.mark.slow
def test_nobody_gets_the_ports_of_another_process() -> None:
    """Broken: two workers of the suite, or two benchmarks, start their servers on the same ports."""
    program = (
        "from benchmarks.free_ports import free_ports\n"
        "print(*(free_ports(20) for _ in range(60)), flush=True)\n"
        "input()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program],
        cwd=Path(__file__).parents[2],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as other:
        assert other.stdout is not None
        theirs = [int(first) for first in other.stdout.readline().split()]
        ours = [free_ports(20) for _ in range(60)]
        other.communicate("\n")
    rows = [set(range(first, first + 20)) for first in theirs + ours]
    assert len(set.union(*rows)) == 120 * 20


@pytest.mark.slow
def test_what_was_lent_can_be_had_again() -> None:
    """Broken: a long run of tests, each with ports of its own, would find none in the end."""
    for _ in range(200):
        with ports_on_loan():
            free_ports(100)
