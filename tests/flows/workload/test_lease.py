"""Tests of the leases of a workload, which last as long as its run."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import pytest

from blocks.providers.interface import Resources
from flows.workload import lease as leases
from flows.workload.lease import kept_alive
from tasks.allocate.ledger_admission import LedgerAdmission
from tasks.claim import Claim, Granted
from tasks.errors import BusyError
from tasks.ledger.allocations import queue_state
from tasks.ledger.connection import Ledger, LedgerError
from tasks.ledger.leases import reap
from tasks.ledger.workloads import WorkloadLease, open_workload, renew_workload

pytestmark = pytest.mark.slow

SHORT = 0.3


def _open(ledger: Ledger, owner: str, seconds: float, now: float | None = None) -> WorkloadLease:
    at = time.time() if now is None else now
    return open_workload(ledger, "shop/tests", owner, at, seconds, owner_alive=lambda _: True)


@pytest.fixture
def admission(ledger: Ledger) -> LedgerAdmission:
    """Give what grants capacity for a short time."""
    return LedgerAdmission(ledger, SHORT, time.time)


async def _until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not holds():  # noqa: ASYNC110 - what it waits for happens in threads and the clock
            await asyncio.sleep(0.02)


async def test_a_lease_outlasts_its_term_while_its_run_lives(
    ledger: Ledger, admission: LedgerAdmission
) -> None:
    """Another run would start the same steps beside a living one."""
    lease = _open(ledger, "one", SHORT)
    ends = time.time() + 3 * SHORT
    async with kept_alive(ledger, lease, admission, SHORT, pytest.fail):
        await _until(lambda: time.time() > ends)
        with pytest.raises(BusyError, match="is being run by another run"):
            _open(ledger, "two", SHORT)
    assert _open(ledger, "two", SHORT, now=time.time() + 2 * SHORT).resumed


async def test_what_a_run_holds_lasts_as_well(ledger: Ledger, admission: LedgerAdmission) -> None:
    """The lanes of a living run would be given away."""
    lease = _open(ledger, "one", SHORT)
    claim = Claim(f"{lease.id}/build", "local", Resources(cpus=1, slots=1), lease.fence)
    assert isinstance(admission.admit(claim), Granted)
    ends = time.time() + 3 * SHORT
    async with kept_alive(ledger, lease, admission, SHORT, pytest.fail):
        await _until(lambda: queue_state(ledger, "local").held[0].lease_until > ends)


async def test_what_a_run_has_lost_it_holds_again(
    ledger: Ledger, admission: LedgerAdmission
) -> None:
    """After a suspend its step would go on beside others that were given the same lane."""
    lease = _open(ledger, "one", SHORT)
    claim = Claim(f"{lease.id}/build", "local", Resources(cpus=1, slots=1), lease.fence)
    assert isinstance(admission.admit(claim), Granted)
    assert reap(ledger, time.time() + 2 * SHORT, SHORT) == [claim.owner]
    warnings: list[str] = []
    async with kept_alive(ledger, lease, admission, SHORT, warnings.append):
        await _until(lambda: bool(warnings))
        assert [each.owner for each in queue_state(ledger, "local").held] == [claim.owner]
    assert claim.owner in warnings[0]


async def test_a_run_that_was_overtaken_is_told_and_goes_on(
    ledger: Ledger, admission: LedgerAdmission
) -> None:
    """It would work on unaware, or take the steps down that the other run has adopted."""
    lease = _open(ledger, "one", SHORT)
    _open(ledger, "two", SHORT, now=time.time() + 2 * SHORT)
    warnings: list[str] = []
    async with kept_alive(ledger, lease, admission, SHORT, warnings.append):
        await _until(lambda: bool(warnings))
    assert len(warnings) == 1
    assert f"{lease.id} was taken over" in warnings[0]


@pytest.mark.parametrize("error", [LedgerError("locked"), OSError("locked")])
async def test_what_fails_once_does_not_cost_the_lease(
    ledger: Ledger, admission: LedgerAdmission, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """One locked database would let a second run in."""
    calls: list[float] = []
    warnings: list[str] = []

    def fails_first(ledger: Ledger, identifier: str, fence: int, now: float, term: float) -> bool:
        """Fail once, then renew."""
        calls.append(now)
        if len(calls) == 1:
            raise error
        return renew_workload(ledger, identifier, fence, now, term)

    monkeypatch.setattr(leases, "renew_workload", fails_first)
    async with kept_alive(ledger, _open(ledger, "one", SHORT), admission, SHORT, warnings.append):
        await _until(lambda: len(calls) > 2)
    assert warnings == [warnings[0]]
    assert "locked" in warnings[0]
