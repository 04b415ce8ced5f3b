"""Tests of process identities, which differ also when a pid is used again."""

from __future__ import annotations

import subprocess
import sys
import time
from dataclasses import replace

import pytest

from blocks.providers.process.identity import (
    ProcessIdentity,
    age_seconds,
    identity_here,
    is_alive,
    known_alive,
    known_dead,
    own_identity,
    owner_alive,
)
from blocks.providers.process.process_table import LINUX, entry


def test_it_survives_being_written_down() -> None:
    """Broken: an owner read back from the ledger would be another."""
    me = own_identity()
    assert ProcessIdentity.decode(me.encode()) == me
    assert is_alive(me)


def test_another_start_or_boot_is_another_process() -> None:
    """Broken: a stranger with a recycled pid would be taken for a dead owner."""
    me = own_identity()
    assert not is_alive(replace(me, create_time=me.create_time - 1))
    assert not is_alive(replace(me, boot_id="other"))
    assert not owner_alive(replace(me, boot_id="other").encode())


def test_on_another_host_nobody_here_can_know() -> None:
    """Broken: work of a living worker elsewhere would be taken over."""
    assert owner_alive(replace(own_identity(), host="elsewhere", boot_id="other").encode())


def test_only_what_is_seen_here_is_known_to_be_alive() -> None:
    """Broken: what another machine left would be held for ever, or a living run's be reaped."""
    me = own_identity()
    assert known_alive(me.encode())
    assert not known_alive(replace(me, host="elsewhere", boot_id="other").encode())
    assert not known_alive(replace(me, create_time=me.create_time - 1).encode())
    assert not known_alive("")


def test_only_a_process_of_this_machine_is_certainly_dead() -> None:
    """Broken: a run of another machine would lose what it holds, as it is not seen from here."""
    me = own_identity()
    assert known_dead(replace(me, create_time=me.create_time - 1).encode())
    assert known_dead(replace(me, boot_id="before the reboot").encode())
    assert not known_dead(me.encode())
    assert not known_dead(replace(me, host="elsewhere", boot_id="other").encode())
    assert not known_dead("")


def test_a_zombie_is_dead() -> None:
    """Broken: what has ended, but was not waited for, would hold its leases."""
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = entry(child.pid)
    assert process is not None
    identity = identity_here(process.pid, process.started)
    assert is_alive(identity)
    child.kill()
    deadline = time.monotonic() + 20
    while is_alive(identity):
        assert time.monotonic() < deadline, "a killed process is taken for a living one"
        time.sleep(0.01)
    child.communicate()
    assert entry(child.pid) is None


@pytest.mark.parametrize("time_of_day", [0.0, 4_000_000_000.0])
@pytest.mark.skipif(not LINUX, reason="elsewhere the start of a process is told by time of day")
def test_how_long_it_runs_does_not_change_with_the_time_of_day(
    monkeypatch: pytest.MonkeyPatch, time_of_day: float
) -> None:
    """Broken: with the clock set back, a service without a port is not well within its time."""
    age = age_seconds(own_identity())
    monkeypatch.setattr("time.time", lambda: time_of_day)
    assert age <= age_seconds(own_identity()) < age + 60
