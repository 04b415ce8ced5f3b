"""The resident reconciler: brings the actual state back to the desired state every few seconds.

It does not import Prefect and always runs: it reaps dead leases, ends rollouts whose controller
died, launches services that are gone, ends flow runs that nobody else would, and takes samples. It
decides little itself. Its jobs on the supervisor, on the ledger and on the server run in parallel
lanes, so that one which has to wait delays none of the others.
"""

from __future__ import annotations

import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from blocks.providers.process.detached import known_alive, own_identity
from blocks.providers.process.identity import age_seconds
from blocks.routers.slots import SlotRouter
from stack.api import SlipwayApi
from stack.disk_reserve import Reserve
from stack.heartbeat import beat
from stack.log import say
from stack.readiness import worker_name
from stack.reconciler.disk_space import DiskSpaceWatcher
from stack.reconciler.job_loop import JobLoop, JointBeat, PeriodicJob
from stack.reconciler.measurement import Meter
from stack.reconciler.outbox import Outbox
from stack.reconciler.results import EVERY_SECONDS, Results
from stack.reconciler.retention import Retention
from stack.reconciler.service_restarter import Attempt, EnvironmentKey, due, remember
from stack.reconciler.service_watcher import ServiceWatcher
from stack.reconciler.written_data import WrittenDataWatcher
from stack.record import ProcessRecord, is_alive, read_record
from stack.runs.cancellation import Cancellation
from stack.runs.clock_set_back import ClockSetBack
from stack.runs.vanished import Vanished
from stack.services import GRACE_SECONDS, Unfinished, gone
from stack.supervision import Supervision
from tasks.backup.staging import clear_staging
from tasks.deploy.events import rollout_event
from tasks.deploy.reconcile import reconcile_rollouts
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.launch.ending import end_instances
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.hosts import Host, require_own, this_host
from tasks.ledger.instances import instances
from tasks.ledger.leases import reap
from tasks.ledger.rollouts import open_rollouts
from tasks.ledger.samples import forget_samples, record_samples
from tasks.release import LIVING, Instance
from tasks.settings import Settings, settings

SECONDS_A_DAY = 86_400
FLOW_RUN_SECONDS = 2.0
RETENTION_SECONDS = 60.0
DATA_SECONDS = 10.0
ROOM_SECONDS = 5.0
LEDGER_SECONDS = 5.0
ANSWER_SECONDS = 10.0
"""How long the server may take for one answer: a server that a signal stopped takes for ever."""

STOP_SECONDS = 1.0

SUPERVISOR = "supervisor"
LEDGER = "ledger"
SERVER = "server"
"""The lanes, named after what their jobs wait for."""


class ServiceRestarter:
    """Triggers a launch of services that should run and do not."""

    def __init__(self, ledger: Ledger, api: SlipwayApi) -> None:
        self._ledger, self._api = ledger, api
        self._attempts: dict[EnvironmentKey, Attempt] = {}

    def __call__(self, now: float) -> list[str]:
        """Trigger `launch` for every environment that is due at the monotonic time ``now``.

        Return a sentence for each.
        """
        lost = {
            EnvironmentKey(instance.project, instance.environment)
            for instance in gone(self._ledger)
        }
        if not lost:
            return []
        busy = {
            EnvironmentKey(rollout.project, rollout.environment)
            for rollout in open_rollouts(self._ledger)
        }
        places = due(lost, busy, self._attempts, now)
        self._attempts = remember(self._attempts, places, now)
        return [self._launch(place) for place in places]

    def _launch(self, place: EnvironmentKey) -> str:
        parameters = {"project": place.project, "environment": place.environment, "revive": True}
        key = f"revive/{place.project}/{place.environment}/{secrets.token_hex(8)}"
        run = self._api.trigger("launch/launch", parameters, key)
        count = self._attempts[place].count
        return f"{place.project} in {place.environment} is gone; launch {run} (attempt {count})"


class Tenancy:
    """Whether this host still acts on the ledger; another one may have taken it over.

    ``held`` is the result of the last check, for those who cannot wait for the ledger.
    """

    def __init__(self, ledger: Ledger, host: Host, say: Callable[[str], None]) -> None:
        self._ledger, self._host, self._say = ledger, host, say
        self._refusal = ""
        self.held = False

    def holds(self) -> bool:
        """Check once, and report a change once; the result stays if the ledger does not answer."""
        refusal = self._refusal
        try:
            require_own(self._ledger, self._host)
            self._refusal = ""
        except BadInputError as error:
            self._refusal = str(error)
        except Exception as error:  # noqa: BLE001 - a database that is locked, full or away
            self._say(f"whose the ledger is cannot be asked: {error}")
        if self._refusal and self._refusal != refusal:
            self._say(f"nothing is done any more: {self._refusal}")
        self.held = not self._refusal
        return self.held


class Sampling:
    """Writes samples of the machine and of every service, and forgets old ones."""

    def __init__(self, ledger: Ledger, folder: Path, keep_days: float) -> None:
        self._ledger, self._meter, self._keep = ledger, Meter(folder), keep_days * SECONDS_A_DAY

    def __call__(self, now: float) -> list[str]:
        """Measure once."""
        running = instances(self._ledger, states=LIVING)
        record_samples(self._ledger, self._meter.measure(running, now))
        forget_samples(self._ledger, now - self._keep)
        return []


def periodic_jobs(
    config: Settings, ledger: Ledger, api: SlipwayApi
) -> dict[str, list[PeriodicJob]]:
    """Return the reconciler's periodic jobs by lane, in order."""
    period_seconds = config.reconcile_seconds
    home = Home(config.root)
    router, owner = SlotRouter(config.root / "router"), own_identity().encode()

    def stop(doomed: Sequence[Instance]) -> None:
        end_instances(ledger, doomed, GRACE_SECONDS)

    def worker_record() -> ProcessRecord | None:
        record = read_record(home.record("worker"))
        return record if is_alive(record) else None

    def worker_pid() -> int | None:
        return record.pid if (record := worker_record()) else None

    def worker_age() -> float | None:
        return age_seconds(record.identity) if (record := worker_record()) else None

    pool, root = config.work_pool, config.root
    cancelled = Cancellation(api, pool, root, worker_pid, worker_name())
    vanished = Vanished(api, pool, root, worker_name(), worker_age)

    def reap_leases(now: float) -> list[str]:
        return [f"reaped {owner}" for owner in reap(ledger, now, config.lease_seconds)]

    def is_at_work(holder: str) -> bool:
        # A rollout of ours is one that an earlier run of this job did not finish.
        return holder != owner and known_alive(holder)

    def reconcile(now: float) -> list[str]:
        return reconcile_rollouts(
            ledger,
            router,
            stop,
            owner,
            is_at_work,
            now,
            on_end=lambda rollout: outbox.put(rollout_event(rollout)),
        )

    outbox = Outbox(home.events_file, api)
    watcher = ServiceWatcher(ledger, home.conditions_file, outbox.put)
    monotonic = time.monotonic
    supervision = Supervision(home, Path.cwd(), os.environ, period_seconds)
    return {
        SUPERVISOR: [PeriodicJob("supervisor", period_seconds, supervision, monotonic)],
        LEDGER: [
            PeriodicJob(
                "room",
                max(period_seconds, ROOM_SECONDS),
                DiskSpaceWatcher(ledger, root, Reserve(home.reserve_file), outbox.put),
            ),
            PeriodicJob("leases", period_seconds, reap_leases),
            PeriodicJob("rollouts", period_seconds, reconcile),
            PeriodicJob("unfinished", period_seconds, Unfinished(ledger, router, root, owner)),
            PeriodicJob(
                "staging", max(period_seconds, ROOM_SECONDS), lambda _: clear_staging(root)
            ),
            PeriodicJob(
                "data",
                max(period_seconds, DATA_SECONDS),
                WrittenDataWatcher(ledger, root, announce=outbox.put),
            ),
            PeriodicJob("retention", RETENTION_SECONDS, Retention(config, ledger)),
            PeriodicJob(
                "results",
                EVERY_SECONDS,
                Results(home.prefect / "storage", config.retention_days * SECONDS_A_DAY),
            ),
            PeriodicJob(
                "samples", config.sample_seconds, Sampling(ledger, root, config.sample_days)
            ),
        ],
        SERVER: [
            # It tells that a service is gone before anything brings it back.
            PeriodicJob("service events", period_seconds, watcher),
            PeriodicJob("events", period_seconds, outbox),
            PeriodicJob("services", period_seconds, ServiceRestarter(ledger, api), monotonic),
            PeriodicJob(
                "clock",
                max(period_seconds, FLOW_RUN_SECONDS),
                ClockSetBack(api, pool, root),
                monotonic,
            ),
            PeriodicJob(
                "cancellations", max(period_seconds, FLOW_RUN_SECONDS), cancelled, monotonic
            ),
            PeriodicJob("flow runs", max(period_seconds, FLOW_RUN_SECONDS), vanished, monotonic),
        ],
    }


def open_ledger_patiently(url: str, stopping: threading.Event) -> Ledger:
    """Open the ledger, and try again while that is not possible, e.g. on a full disk."""
    while True:
        try:
            return open_ledger(url)
        except Exception as error:  # whatever the database says
            if stopping.wait(LEDGER_SECONDS):
                raise
            say(f"the ledger cannot be opened: {error}")


def main() -> None:
    """Reconcile until SIGTERM or SIGINT."""
    config, stopping = settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    ledger = open_ledger_patiently(config.resolved_ledger_url(), stopping)
    tenancy = Tenancy(ledger, this_host(config.root), say)
    tenancy.holds()
    with SlipwayApi.of(config, patience_seconds=5, timeout_seconds=ANSWER_SECONDS) as api:
        lanes = periodic_jobs(config, ledger, api)
        heartbeat = JointBeat(len(lanes), partial(beat, Home(config.root).heartbeat_file))
        threads = [
            threading.Thread(
                target=JobLoop(lane, say, partial(heartbeat.of, name)).keep_going,
                args=(stopping, config.reconcile_seconds, _leave(tenancy, name)),
                name=name,
                daemon=True,
            )
            for name, lane in lanes.items()
        ]
        for thread in threads:
            thread.start()
        stopping.wait()
        # A lane that waits for a server which ends as well is not waited for.
        for thread in threads:
            thread.join(STOP_SECONDS)
    say("stopped")


def _leave(tenancy: Tenancy, lane: str) -> Callable[[], bool]:
    """Return how ``lane`` learns whether it may act: only the ledger's own lane asks the ledger."""
    return tenancy.holds if lane == LEDGER else lambda: tenancy.held


if __name__ == "__main__":
    main()
