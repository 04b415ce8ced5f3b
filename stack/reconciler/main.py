"""The resident reconciler: brings the actual state back to the desired state every few seconds.

It does not import Prefect and always runs. It decides little itself: its periodic jobs do, in
parallel lanes, so that one which has to wait delays none of the others.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from functools import partial

import stack.lean  # noqa: F401 - before the HTTP client
from stack.api import SlipwayApi
from stack.heartbeat import beat
from stack.ledger_opening import open_ledger_patiently
from stack.log import say
from stack.reconciler.job_loop import JobLoop, JointBeat
from stack.reconciler.periodic_jobs import LEDGER, periodic_jobs
from stack.reconciler.tenancy import Tenancy
from tasks.home import Home
from tasks.ledger.hosts import this_host
from tasks.settings import settings

ANSWER_SECONDS = 10.0
"""How long the server may take for one answer: a server that a signal stopped takes for ever."""

STOP_SECONDS = 1.0


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
