"""The resident reconciler: brings what is back to what is meant, every few seconds.

Free of Prefect, and the one process that is always there: it reaps dead leases, ends rollouts whose
controller died, launches services that are gone, ends flow runs that nobody else would, and takes
samples. It decides little; it asks. What looks after the supervisor, what works on the ledger and
what asks the server go on side by side: one that has to wait keeps none of the others.
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
from stack.reconciler.disk_space import Room
from stack.reconciler.job_loop import JobLoop, JointBeat, PeriodicJob
from stack.reconciler.measurement import Meter
from stack.reconciler.results import EVERY_SECONDS, Results
from stack.reconciler.retention import Retention
from stack.reconciler.service_restarter import Attempt, Place, due, remember
from stack.reconciler.written_data import Belongings
from stack.record import Record, is_alive, read_record
from stack.runs.cancellation import Cancellation
from stack.runs.clock_set_back import SetBack
from stack.runs.vanished import Vanished
from stack.services import GRACE_SECONDS, Unfinished, gone
from stack.supervision import Supervision
from tasks.backup.staging import clear_staging
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
"""How long the server may take for one answer: one that was stopped takes for ever."""

STOP_SECONDS = 1.0

SUPERVISOR, LEDGER, SERVER = "supervisor", "ledger", "server"
"""The lanes, by what their duties wait for."""


class ServiceRestarter:
    """Asks for a launch of what should run and does not."""

    def __init__(self, ledger: Ledger, api: SlipwayApi) -> None:
        self._ledger, self._api = ledger, api
        self._attempts: dict[Place, Attempt] = {}

    def __call__(self, now: float) -> list[str]:
        """Trigger `launch` for every place that is due at the monotonic time ``now``.

        Return a sentence for each.
        """
        lost = {Place(each.project, each.environment) for each in gone(self._ledger)}
        if not lost:
            return []
        busy = {Place(row.project, row.environment) for row in open_rollouts(self._ledger)}
        chosen = due(lost, busy, self._attempts, now)
        self._attempts = remember(self._attempts, chosen, now)
        return [self._launch(place) for place in chosen]

    def _launch(self, place: Place) -> str:
        parameters = {"project": place.project, "environment": place.environment, "revive": True}
        key = f"revive/{place.project}/{place.environment}/{secrets.token_hex(8)}"
        run = self._api.trigger("launch/launch", parameters, key)
        count = self._attempts[place].count
        return f"{place.project} in {place.environment} is gone; launch {run} (attempt {count})"


class Tenancy:
    """Whether this host still acts on the ledger; another one may have taken it over.

    ``held`` is what the last look has found, for those who cannot wait for the ledger.
    """

    def __init__(self, ledger: Ledger, here: Host, say: Callable[[str], None]) -> None:
        self._ledger, self._here, self._say = ledger, here, say
        self._refusal = ""
        self.held = False

    def holds(self) -> bool:
        """Look once; what is found is said once. Of a ledger that does not answer: as before."""
        refusal = self._refusal
        try:
            require_own(self._ledger, self._here)
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


def duties(chosen: Settings, ledger: Ledger, api: SlipwayApi) -> dict[str, list[PeriodicJob]]:
    """Return what the reconciler does, by lane, in order."""
    often = chosen.reconcile_seconds
    home = Home(chosen.root)
    router, owner = SlotRouter(chosen.root / "router"), own_identity().encode()

    def stop(doomed: Sequence[Instance]) -> None:
        end_instances(ledger, doomed, GRACE_SECONDS)

    def worker() -> Record | None:
        record = read_record(home.record("worker"))
        return record if is_alive(record) else None

    def worker_pid() -> int | None:
        return record.pid if (record := worker()) else None

    def worker_age() -> float | None:
        return age_seconds(record.identity) if (record := worker()) else None

    pool, root = chosen.work_pool, chosen.root
    cancelled = Cancellation(api, pool, root, worker_pid, worker_name())
    vanished = Vanished(api, pool, root, worker_name(), worker_age)

    def leases(now: float) -> list[str]:
        return [f"reaped {owner}" for owner in reap(ledger, now, chosen.lease_seconds)]

    def at_work(other: str) -> bool:
        # What is ours was not brought to its end by an earlier round.
        return other != owner and known_alive(other)

    def rollouts(now: float) -> list[str]:
        return reconcile_rollouts(ledger, router, stop, owner, at_work, now)

    steady = time.monotonic
    supervision = Supervision(home, Path.cwd(), os.environ, often)
    return {
        SUPERVISOR: [PeriodicJob("supervisor", often, supervision, steady)],
        LEDGER: [
            PeriodicJob(
                "room", max(often, ROOM_SECONDS), Room(ledger, root, Reserve(home.reserve_file))
            ),
            PeriodicJob("leases", often, leases),
            PeriodicJob("rollouts", often, rollouts),
            PeriodicJob("unfinished", often, Unfinished(ledger, router, root, owner)),
            PeriodicJob("staging", max(often, ROOM_SECONDS), lambda _: clear_staging(root)),
            PeriodicJob("data", max(often, DATA_SECONDS), Belongings(ledger, root)),
            PeriodicJob("retention", RETENTION_SECONDS, Retention(chosen, ledger)),
            PeriodicJob(
                "results",
                EVERY_SECONDS,
                Results(home.prefect / "storage", chosen.retention_days * SECONDS_A_DAY),
            ),
            PeriodicJob(
                "samples", chosen.sample_seconds, Sampling(ledger, root, chosen.sample_days)
            ),
        ],
        SERVER: [
            PeriodicJob("services", often, ServiceRestarter(ledger, api), steady),
            PeriodicJob("clock", max(often, FLOW_RUN_SECONDS), SetBack(api, pool, root), steady),
            PeriodicJob("cancellations", max(often, FLOW_RUN_SECONDS), cancelled, steady),
            PeriodicJob("flow runs", max(often, FLOW_RUN_SECONDS), vanished, steady),
        ],
    }


def open_book(url: str, stopping: threading.Event) -> Ledger:
    """Open the ledger, however long that is not possible: a full disk, a database that is away."""
    while True:
        try:
            return open_ledger(url)
        except Exception as error:  # whatever the database says
            if stopping.wait(LEDGER_SECONDS):
                raise
            say(f"the ledger cannot be opened: {error}")


def main() -> None:
    """Reconcile until SIGTERM or SIGINT."""
    chosen, stopping = settings(), threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopping.set())
    ledger = open_book(chosen.resolved_ledger_url(), stopping)
    tenancy = Tenancy(ledger, this_host(chosen.root), say)
    tenancy.holds()
    with SlipwayApi.of(chosen, patience_seconds=5, timeout_seconds=ANSWER_SECONDS) as api:
        lanes = duties(chosen, ledger, api)
        heart = JointBeat(len(lanes), partial(beat, Home(chosen.root).heartbeat_file))
        threads = [
            threading.Thread(
                target=JobLoop(lane, say, partial(heart.of, name)).keep_going,
                args=(stopping, chosen.reconcile_seconds, _leave(tenancy, name)),
                name=name,
                daemon=True,
            )
            for name, lane in lanes.items()
        ]
        for thread in threads:
            thread.start()
        stopping.wait()
        # Who waits for a server that ends as well is not waited for.
        for thread in threads:
            thread.join(STOP_SECONDS)
    say("stopped")


def _leave(tenancy: Tenancy, lane: str) -> Callable[[], bool]:
    """Return how ``lane`` learns whether it may act: who works on the ledger asks it."""
    return tenancy.holds if lane == LEDGER else lambda: tenancy.held


if __name__ == "__main__":
    main()
