"""Admission against a real ledger, from one process and from many."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.claim import Claim, Granted, Queued, Refused
from tasks.ledger.allocations import queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.providers import register_provider

ONE = Resources(cpus=1, slots=1)


@dataclass
class Clock:
    """A clock that is set by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """Return the time it is set to."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    """Give a clock at zero."""
    return Clock()


@pytest.fixture
def admission(ledger: Ledger, clock: Clock) -> LedgerAdmission:
    """Give an admission to a provider of one slot, with leases of ten seconds."""
    register_provider(ledger, "local", "shell", ONE, 1.0, 0.0, 0.0)
    return LedgerAdmission(ledger, 10.0, clock)


def claim(owner: str, slots: int = 1, fence: int = 1) -> Claim:
    """Build a claim on the provider."""
    return Claim(owner, "local", Resources(slots=slots), fence, expected_seconds=5.0)


def granted(admission: LedgerAdmission, claim_asked: Claim) -> Granted:
    """Ask, and be granted."""
    answer = admission.admit(claim_asked)
    assert isinstance(answer, Granted)
    return answer


def test_a_slot_is_given_in_turn(admission: LedgerAdmission, ledger: Ledger, clock: Clock) -> None:
    """Capacity 1 against a demand of 2: one runs, the other waits its turn, and then runs."""
    first = granted(admission, claim("w/a"))
    queued = admission.admit(claim("w/b"))
    assert isinstance(queued, Queued)
    assert (queued.position, queued.eta_seconds) == (1, 5.0)
    assert queued.reason == "local lacks 1 slot of 1: held by w/a for about 5 s more; position 1"
    assert admission.release(first.allocation_id, first.fence)
    clock.now = 1.0
    late = admission.admit(claim("v/c"))
    assert isinstance(late, Queued)
    assert "keeps what is free for w/b" in late.reason
    second = granted(admission, claim("w/b"))
    assert queue_state(ledger, "local").held[0].allocation_id == second.allocation_id


def test_a_demand_that_never_fits_does_not_wait(admission: LedgerAdmission, ledger: Ledger) -> None:
    """It would otherwise block the queue."""
    assert isinstance(admission.admit(claim("w/a", slots=2)), Refused)
    assert queue_state(ledger, "local").waiting == ()


def test_who_withdraws_makes_way(admission: LedgerAdmission) -> None:
    """A step that went to another provider would otherwise keep its place here."""
    first = granted(admission, claim("w/a"))
    admission.admit(claim("w/b"))
    admission.release(first.allocation_id, first.fence)
    admission.withdraw("w/b")
    granted(admission, claim("v/c"))


def test_capacity_of_a_silent_owner_is_given_on(admission: LedgerAdmission, clock: Clock) -> None:
    """A killed process would otherwise hold its slot until somebody tidies up."""
    granted(admission, claim("w/a"))
    clock.now = 9.0
    assert isinstance(admission.admit(claim("v/b")), Queued)
    clock.now = 10.0
    granted(admission, claim("v/b"))


def test_what_is_given_back_is_not_held_again(
    admission: LedgerAdmission, ledger: Ledger, clock: Clock
) -> None:
    """A renewal beside the end of a step would take its capacity for good."""
    first = granted(admission, claim("w/a"))
    admission.release(first.allocation_id, first.fence)
    assert admission.renew("w", 1) == []
    assert queue_state(ledger, "local").held == ()
    second = granted(admission, claim("w/b"))
    clock.now = 5.0
    assert admission.renew("w", 1) == []
    (allocation,) = queue_state(ledger, "local").held
    assert (allocation.allocation_id, allocation.lease_until) == (second.allocation_id, 15.0)


async def test_a_release_wakes_who_waits(admission: LedgerAdmission) -> None:
    """Waiters would otherwise start at the next time-out, seconds late."""
    first = granted(admission, claim("w/a"))
    admission.admit(claim("w/b"))
    waiter = asyncio.create_task(admission.changed(60.0))
    await asyncio.to_thread(admission.release, first.allocation_id, first.fence)
    await asyncio.wait_for(waiter, 30.0)
    granted(admission, claim("w/b"))


async def test_a_release_before_the_wait_is_not_missed(admission: LedgerAdmission) -> None:
    """A release between `queued` and the wait would otherwise be slept through."""
    first = granted(admission, claim("w/a"))
    admission.admit(claim("w/b"))
    admission.release(first.allocation_id, first.fence)
    await asyncio.wait_for(admission.changed(60.0), 30.0)


@pytest.mark.slow
async def test_nothing_new_ends_with_the_timeout(admission: LedgerAdmission) -> None:
    """Own waiting claims and renewals must not wake their writer, or it spins."""
    granted(admission, claim("w/a"))
    admission.admit(claim("w/b"))
    loop = asyncio.get_running_loop()
    start = loop.time()
    await admission.changed(0.2)
    assert loop.time() - start >= 0.2


async def test_the_ledger_is_asked_only_while_a_claim_is_queued(
    admission: LedgerAdmission, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a workload with room for all its steps reads the ledger fifty times a second."""
    read, versions = ledger.version, list[int]()

    def version() -> int:
        """Read, and note it."""
        versions.append(read())
        return versions[-1]

    monkeypatch.setattr(ledger, "version", version)
    granted(admission, claim("w/a"))
    await admission.changed(0.05)
    assert versions == []
    admission.admit(claim("w/b"))
    await admission.changed(0.05)
    assert versions


PROCESSES = 8
ROUNDS = 15
WORKERS = """
import os, sys, time
from blocks.providers.interface import Resources
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.claim import Claim, Granted
from tasks.ledger.connection import open_ledger

url, log, processes, rounds = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
first = os.getpid()
workers = [worker for _ in range(processes) if os.getpid() == first and (worker := os.fork())]
if os.getpid() == first:
    sys.exit(any([os.waitpid(worker, 0)[1] for worker in workers]))
admission = LedgerAdmission(open_ledger(url), 60.0, time.time)
line = os.open(log, os.O_WRONLY | os.O_APPEND)
for round in range(rounds):
    slots = 1 + (os.getpid() + round) % 2
    claim = Claim(f"w{os.getpid()}/s{round}", "local", Resources(slots=slots), 1)
    while not isinstance(answer := admission.admit(claim), Granted):
        time.sleep(0.01)
    os.write(line, f"+{slots}\\n".encode())
    os.write(line, f"-{slots}\\n".encode())
    admission.release(answer.allocation_id, answer.fence)
"""
"""Processes that are forked from one which has imported all that they need."""


@pytest.mark.integration
def test_many_processes_never_oversubscribe(ledger: Ledger, url: str, tmp_path: Path) -> None:
    """Two workloads that both run on the last slot: the promise of allocation is void."""
    register_provider(ledger, "local", "shell", Resources(slots=3), 1.0, 0.0, time.time())
    log = tmp_path / "log"
    log.touch()
    command = [sys.executable, "-c", WORKERS, url, str(log), str(PROCESSES), str(ROUNDS)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stderr
    in_use = 0
    # The log holds what the processes did between grant and release, in order of time.
    changes = [int(line) for line in log.read_text().splitlines()]
    assert len(changes) == 2 * PROCESSES * ROUNDS
    for change in changes:
        in_use += change
        assert 0 <= in_use <= 3
    assert queue_state(ledger, "local").held == ()
    assert queue_state(ledger, "local").waiting == ()
