"""What is looked at after a kill: records of steps, and what is left of a workload or of a wave."""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Collection, Iterator
from pathlib import Path

import psutil

from benchmarks.chaos.victims import meant_processes, own_processes
from benchmarks.kills.victims import living_lanes
from benchmarks.own_stack import OwnStack
from blocks.providers.process.run_directory import LOCK, LOG
from stack.runs.flow_process import flow_processes, flow_runs_in
from tasks.ledger.allocations import queue_state
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution, executions
from tasks.ledger.providers import provider_names
from tasks.ledger.reservations import reservations
from tasks.ledger.workloads import workloads

PATIENCE_SECONDS = 10.0
"""How long something may be left after the end of what used it."""
_UNFINISHED = ("RUNNING", "PENDING", "CANCELLING", "SCHEDULED", "PAUSED")


def unrecorded(ledger: Ledger, workload: str, expected: Collection[str]) -> list[str]:
    """Return what is missing in the records of a workload: of each step a success with its log."""
    attempts = executions(ledger, workload)
    open_ones = [
        f"{each.step}/{each.attempt} has no outcome" for each in attempts if not each.outcome
    ]
    succeeded = [each for each in attempts if each.outcome and each.outcome.succeeded]
    unlogged = [f"{each.step} has no log" for each in succeeded if not _is_logged(each)]
    missing = len(expected) - len({each.step for each in succeeded})
    twice = len(succeeded) - len({each.step for each in succeeded})
    counts = [f"{missing} steps without a record"] * bool(missing)
    counts += [f"{twice} steps with two successes"] * bool(twice)
    return open_ones + unlogged + counts


def _is_logged(execution: Execution) -> bool:
    try:
        return (execution.directory / LOG).read_text(encoding="utf-8").startswith("did ")
    except OSError:
        return False


def unshown(stack: OwnStack, ledger: Ledger, workload: str, run_id: str) -> list[str]:
    """Return the steps of a workload without a row in the report of its last flow run."""
    reports = [str(each["data"]) for each in stack.api.artifacts(run_id) if _is_report(each)]
    text = "\n".join(reports)
    steps = sorted({each.step for each in executions(ledger, workload)})
    return [f"{step} has no row" for step in steps if f"| {step} |" not in text]


def _is_report(artifact: dict[str, object]) -> bool:
    return str(artifact.get("key") or "").startswith("workload-")


def patiently(look: Callable[[], list[str]]) -> list[str]:
    """Return what is left once it has been left for longer than it may."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (left := look()) and time.monotonic() < deadline:
        time.sleep(0.25)
    return left


def left_of(stack: OwnStack, ledger: Ledger, workload: str) -> list[str]:
    """Return what is left of a workload that has ended."""
    home = stack.config.root
    return [
        *_places(ledger, workload),
        *(
            f"workload {row.id} is {row.state}"
            for row in workloads(ledger, limit=500)
            if row.id == workload and not row.closed_at
        ),
        *(f"lane {pid}" for pid in living_lanes(home / "steps" / workload)),
        *(f"lock {path}" for path in (home / "steps" / workload).rglob(LOCK) if _is_locked(path)),
        *(f"draft {path}" for path in (home / "steps" / workload).rglob(".*")),
        *(f"workspace {path}" for path in (home / "workspaces").glob(f"*{workload}*")),
    ]


def _places(ledger: Ledger, workload: str) -> Iterator[str]:
    for name in provider_names(ledger):
        queue = queue_state(ledger, name)
        owners = [each.owner for each in queue.held] + [each.owner for each in queue.waiting]
        yield from (f"place of {each}" for each in owners if each.startswith(f"{workload}/"))
    yield from (
        f"reservation {each}" for each in reservations(ledger, "local") if each.workload == workload
    )


def _is_locked(path: Path) -> bool:
    with path.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
    return False


def left_over(stack: OwnStack, ledger: Ledger) -> list[str]:
    """Return what is left over once no workload runs any more."""
    home = stack.config.root
    meant = meant_processes(home, ledger)
    unfinished = flow_runs_in(stack.api, stack.config.work_pool, *_UNFINISHED)
    mine = [run for run in unfinished if not run["auto_scheduled"]]
    runs = {str(run["id"]) for run in mine}
    others = flow_processes(home).items()
    at_work = {each.pid for run, all_of in others for each in all_of if run not in runs}
    return [
        *(f"process {each}" for each in _processes(home, meant | at_work)),
        *(f"flow run {run['name']} is {run['state_name']}" for run in mine),
        *(f"lane {pid}" for pid in living_lanes(home / "steps")),
    ]


def _processes(home: Path, meant: set[int]) -> Iterator[str]:
    for each in own_processes(home):
        try:
            if (
                each.pid not in meant
                and each.pid != os.getpid()
                and each.status() != psutil.STATUS_ZOMBIE
            ):
                yield f"{each.pid}: {' '.join(each.cmdline())[-120:]}"
        except psutil.Error:
            continue
