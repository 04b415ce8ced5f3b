"""The runs that the ledger has recorded: attempts at steps, joined with timings of tests.

An attempt has its demand, outcome, usage and cost; a timing of the same key and moment is the same
run. A timing without an attempt, such as a single test of a shard, is a run of its own.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from analytics.history.archive import Archive, reach
from analytics.history.runs import Run, of_timings
from tasks.ledger.connection import Ledger
from tasks.ledger.executions import Execution
from tasks.ledger.providers import fleet, provider_names
from tasks.ledger.service_events import begun_executions, last_timing, measured, new_timings

RUNS_PER_KEY = 500
# An older sample says nothing about the load on the machine when a step began.
_FRESH_SECONDS = 300.0
# An attempt may be recorded a little after it began.
_OVERLAP_SECONDS = 900.0
_STATES = {"preempted": "cancelled", "lost": "crashed"}


def refreshed(ledger: Ledger, archive: Archive, since: float, now: float) -> Archive:
    """Return the archive with the runs that the ledger has recorded since, from ``since`` on.

    Attempts that were still running are read again. A ledger with fewer timings than were read
    before is another one, so everything is read.
    """
    if archive.last > last_timing(ledger):
        archive = Archive(archive.source, note="this is another ledger: reading everything again")
    since = reach(archive, since, now)
    running_since = [run.started_at for run in archive.runs if run.state == "running"]
    read_from = min([archive.until - _OVERLAP_SECONDS, *running_since]) if archive.until else since
    executions = begun_executions(ledger, max(read_from, since))
    last, timed = new_timings(ledger, archive.last, since)
    loads = (
        measured(ledger, "machine", "cpu_percent", read_from - _FRESH_SECONDS) if executions else []
    )
    providers = fleet(ledger, provider_names(ledger), now).providers if executions else ()
    speed = {provider.name: provider.speed for provider in providers}
    attempts = {
        run.id: run
        for run in (
            of_execution(execution, speed.get(execution.provider, 1.0)) for execution in executions
        )
    }
    loaded = {run.id: replace(run, machine_load=load_at(loads, run)) for run in attempts.values()}
    older_runs = [run for run in archive.runs if run.id not in loaded and run.started_at >= since]
    of_timing = of_timings({"": timed})
    runs = _without_double_timings([*older_runs, *loaded.values(), *map(_with_groups, of_timing)])
    return Archive(
        archive.source, tuple(runs), since=since, until=now, last=last, note=archive.note
    )


def of_execution(attempt: Execution, speed: float = 1.0) -> Run:
    """Return an attempt made at ``speed`` as a run, with its duration converted to speed 1."""
    outcome = attempt.outcome
    state = "running" if outcome is None else outcome.end.value
    started = attempt.started_at if outcome is None else outcome.started_at
    run = Run(
        kind=attempt.provider_kind,
        key=attempt.history_key,
        started_at=started,
        ended_at=math.nan if outcome is None else outcome.ended_at,
        seconds=0.0 if outcome is None else outcome.seconds * speed,
        succeeded=outcome is not None and outcome.succeeded,
        memory_mib=0.0 if outcome is None else outcome.peak_memory_mib,
        state=_STATES.get(state, state.replace(" ", "_")),
        submitted_at=min(attempt.started_at, started),
        id=f"{attempt.workload}/{attempt.step}/{attempt.attempt}",
        cpus=attempt.demand.cpus,
        asked_memory_mib=attempt.demand.memory_mib,
        cpu_seconds=0.0 if outcome is None else outcome.cpu_seconds,
        cost=attempt.cost,
    )
    return _with_groups(run)


def load_at(loads: Sequence[tuple[float, float]], run: Run) -> float:
    """Return the last load (moment, value) measured before a run began; NaN if none was."""
    place = bisect_right(loads, (run.submitted_at, -math.inf)) - 1
    if place < 0 or run.submitted_at - loads[place][0] > _FRESH_SECONDS:
        return math.nan
    return loads[place][1]


def newest(runs: Iterable[Run], most: int = RUNS_PER_KEY) -> list[Run]:
    """Return the newest runs of each key, so that no key crowds out the others."""
    by_key: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        by_key[run.kind, run.key].append(run)
    return [
        run
        for runs_of_key in by_key.values()
        for run in sorted(runs_of_key, key=lambda run: run.started_at)[-most:]
    ]


def _with_groups(run: Run) -> Run:
    """Return a run with its coarser groups: the same step elsewhere, and the same workload."""
    parts = run.key.split("/")
    return replace(run, name=parts[-1].partition("[")[0], tag="/".join(parts[:2]))


def _without_double_timings(runs: Iterable[Run]) -> list[Run]:
    """Return the runs without the timings of attempts that are among them."""
    all_runs = list(runs)
    attempts = {(run.kind, run.key, run.ended_at) for run in all_runs if run.id}
    return [run for run in all_runs if run.id or (run.kind, run.key, run.ended_at) not in attempts]
