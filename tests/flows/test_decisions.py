"""Tests that a workload's decisions are recorded with their estimates and actual values."""

from __future__ import annotations

import pytest
from prefect import flow

from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner
from blocks.workload_spec import StepsWorkload
from flows.workload.job import Job
from flows.workload.lifecycle import run_workload
from flows.workload.replayable import replayable_workloads
from tasks.launch.target import Target
from tasks.ledger.connection import Ledger
from tasks.ledger.decisions import Decision, decisions
from tasks.ledger.workloads import workloads
from tasks.planning.regret import AS_DECIDED, results
from tasks.release import Release
from tasks.settings import settings

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

ROOM = Resources(cpus=2, memory_mib=4096, slots=2)
SPEC = StepsWorkload.model_validate(
    {"steps": [{"id": "a", "run": "sleep 0.2"}, {"id": "b", "run": "sleep 0.1", "needs": ["a"]}]}
)


async def test_decisions_of_a_run_are_recorded_settled_and_replayed(
    home_ledger: Ledger, target: Target, release: Release
) -> None:
    """Nothing would ever be learnt of what decisions are worth."""
    release.source.mkdir(parents=True)
    job = Job(target, release, "ci", SPEC, {"local": ShellRunner("local", ROOM)})

    @flow
    async def twice() -> None:
        """Run it without and with a history."""
        for _ in range(2):
            assert (await run_workload(job, home_ledger)).summary.succeeded

    await twice()
    newest, first = (_made(home_ledger, row.id) for row in workloads(home_ledger))
    assert {(decision.step, decision.kind) for decision in first.values()} == {
        ("", "split"),
        ("", "plan"),
        ("a", "placement"),
        ("b", "placement"),
    }
    assert {key for key, decision in newest.items() if decision.actual is None} == set()
    assert (first["a", "placement"].source, newest["a", "placement"].source) == (
        "default",
        "history",
    )
    assert newest["a", "placement"].estimate == first["a", "placement"].actual
    assert newest["a", "memory"].unit == "MiB"
    pasts, reasons = replayable_workloads(home_ledger, settings().root, "shop/ci", 9, 2e9)
    assert (len(pasts), dict(reasons)) == (2, {})
    assert any(decision.policy.model == AS_DECIDED for decision in results(pasts[0]))


def _made(ledger: Ledger, workload: str) -> dict[tuple[str, str], Decision]:
    return {(decision.step, decision.kind): decision for decision in decisions(ledger, workload)}
