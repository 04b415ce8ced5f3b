"""Lists the reconciler's periodic jobs: what is done, how often, and in which lane.

They reap dead leases, end rollouts whose controller died, launch services that are gone, end flow
and task runs that nobody else would, remove what is old, and take samples.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from blocks.providers.process.detached import known_alive, own_identity
from blocks.providers.process.identity import age_seconds
from blocks.routers.slots import SlotRouter
from stack.api import SlipwayApi
from stack.disk_reserve import Reserve
from stack.readiness import worker_name
from stack.reconciler.disk_space import DiskSpaceWatcher
from stack.reconciler.job_loop import PeriodicJob
from stack.reconciler.outbox import Outbox
from stack.reconciler.results import EVERY_SECONDS, ResultFiles
from stack.reconciler.retention import Retention
from stack.reconciler.sampling import SECONDS_A_DAY, Sampling
from stack.reconciler.service_restarter import ServiceRestarter
from stack.reconciler.service_watcher import ServiceWatcher
from stack.reconciler.written_data import WrittenDataWatcher
from stack.record import ProcessRecord, is_alive, read_record
from stack.runs.cancellation import Cancellation
from stack.runs.clock_set_back import ClockSetBack
from stack.runs.orphaned import EVERY_SECONDS as ORPHANED_SECONDS
from stack.runs.orphaned import OrphanedTaskRuns
from stack.runs.vanished import VanishedRuns
from stack.services import GRACE_SECONDS, UnfinishedInstances
from stack.supervision import Supervision
from tasks.backup.staging import clear_staging
from tasks.deploy.events import rollout_event
from tasks.deploy.reconcile import reconcile_rollouts
from tasks.deploy.rollout import Rollout
from tasks.home import Home
from tasks.launch.instances.ending import end_instances
from tasks.ledger.connection import Ledger
from tasks.ledger.leases import reap
from tasks.release import Instance
from tasks.settings import Settings

FLOW_RUN_SECONDS = 2.0
RETENTION_SECONDS = 60.0
DATA_SECONDS = 10.0
ROOM_SECONDS = 5.0

SUPERVISOR = "supervisor"
LEDGER = "ledger"
SERVER = "server"
"""The lanes, named after what their jobs wait for."""

monotonic = time.monotonic


def periodic_jobs(
    config: Settings, ledger: Ledger, api: SlipwayApi
) -> dict[str, list[PeriodicJob]]:
    """Return the reconciler's periodic jobs by lane, in order."""
    outbox = Outbox(Home(config.root).events_file, api)
    return {
        SUPERVISOR: _supervisor_jobs(config),
        LEDGER: _ledger_jobs(config, ledger, outbox),
        SERVER: _server_jobs(config, ledger, api, outbox),
    }


def _supervisor_jobs(config: Settings) -> list[PeriodicJob]:
    period = config.reconcile_seconds
    supervision = Supervision(Home(config.root), Path.cwd(), os.environ, period)
    return [PeriodicJob("supervisor", period, supervision, monotonic)]


def _ledger_jobs(config: Settings, ledger: Ledger, outbox: Outbox) -> list[PeriodicJob]:
    root, home, owner = config.root, Home(config.root), own_identity().encode()
    router = SlotRouter(root / "router")
    results = ResultFiles(home.prefect / "storage", config.retention_days * SECONDS_A_DAY)
    unfinished = UnfinishedInstances(ledger, router, root, owner)
    written = WrittenDataWatcher(ledger, root, announce=outbox.put)
    disk_space = DiskSpaceWatcher(ledger, root, Reserve(home.reserve_file), outbox.put)
    rollouts = partial(_reconcile_rollouts, ledger, router, owner, outbox)

    period = config.reconcile_seconds
    room, data = max(period, ROOM_SECONDS), max(period, DATA_SECONDS)
    return [
        PeriodicJob("room", room, disk_space),
        PeriodicJob("leases", period, partial(_reap_leases, ledger, config.lease_seconds)),
        PeriodicJob("rollouts", period, rollouts),
        PeriodicJob("unfinished", period, unfinished),
        PeriodicJob("staging", room, lambda _: clear_staging(root)),
        PeriodicJob("data", data, written),
        PeriodicJob("retention", RETENTION_SECONDS, Retention(config, ledger)),
        PeriodicJob("results", EVERY_SECONDS, results),
        PeriodicJob("samples", config.sample_seconds, Sampling(ledger, root, config.sample_days)),
    ]


def _server_jobs(
    config: Settings, ledger: Ledger, api: SlipwayApi, outbox: Outbox
) -> list[PeriodicJob]:
    pool, root, worker = config.work_pool, config.root, _Worker(Home(config.root))
    cancelled = Cancellation(api, pool, root, worker.pid, worker_name())
    watcher = ServiceWatcher(ledger, Home(root).conditions_file, outbox.put)
    vanished = VanishedRuns(api, pool, root, worker_name(), worker.age_seconds)

    period = config.reconcile_seconds
    runs = max(period, FLOW_RUN_SECONDS)
    return [
        # It tells that a service is gone before anything brings it back.
        PeriodicJob("service events", period, watcher),
        PeriodicJob("events", period, outbox),
        PeriodicJob("services", period, ServiceRestarter(ledger, api), monotonic),
        PeriodicJob("clock", runs, ClockSetBack(api, pool, root), monotonic),
        PeriodicJob("cancellations", runs, cancelled, monotonic),
        PeriodicJob("flow runs", runs, vanished, monotonic),
        PeriodicJob("task runs", max(period, ORPHANED_SECONDS), OrphanedTaskRuns(api)),
    ]


def _reap_leases(ledger: Ledger, lease_seconds: float, now: float) -> list[str]:
    return [f"reaped {owner}" for owner in reap(ledger, now, lease_seconds)]


def _reconcile_rollouts(
    ledger: Ledger, router: SlotRouter, owner: str, outbox: Outbox, now: float
) -> list[str]:
    def stop(doomed: Sequence[Instance]) -> None:
        end_instances(ledger, doomed, GRACE_SECONDS)

    def is_at_work(holder: str) -> bool:
        # A rollout of ours is one that an earlier run of this job did not finish.
        return holder != owner and known_alive(holder)

    def announce(rollout: Rollout) -> None:
        outbox.put(rollout_event(rollout))

    return reconcile_rollouts(ledger, router, stop, owner, is_at_work, now, on_end=announce)


class _Worker:
    """This machine's worker, as its record describes it."""

    def __init__(self, home: Home) -> None:
        self._path = home.record("worker")

    def pid(self) -> int | None:
        """Return its process id; None while it does not run."""
        return record.pid if (record := self._record()) else None

    def age_seconds(self) -> float | None:
        """Return for how long it has run; None while it does not run."""
        return age_seconds(record.identity) if (record := self._record()) else None

    def _record(self) -> ProcessRecord | None:
        record = read_record(self._path)
        return record if is_alive(record) else None
