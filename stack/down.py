"""`make down`: end the processes of the stack and their flow runs; with ALL=1 the launched services too."""

from __future__ import annotations

import os
import signal
import sys
import time
from contextlib import closing

from blocks.file_system import told_full
from blocks.providers.process.detached import own_identity
from blocks.routers.extent import forget
from blocks.routers.slots import SlotRouter
from stack.channel import socket_path
from stack.disk_reserve import FULL_BYTES, Reserve, free_bytes
from stack.handover import handover_path
from stack.hanging import is_stopped
from stack.heartbeat import is_silent
from stack.lock import exclusive
from stack.record import (
    is_alive,
    kill_session,
    read_record,
    read_records,
    stop_sessions,
    wait_gone,
)
from stack.record_recovery import lost_records
from stack.services import stop_steps, stop_unrecorded
from stack.supervisor.main import GRACE_SECONDS
from stack.temporary import remove_link
from tasks.errors import BadInputError, SlipwayError
from tasks.home import Home
from tasks.launch.instances.ending import EndingError, end_instances
from tasks.launch.public_ports import route_away
from tasks.ledger.connection import Ledger, open_ledger
from tasks.ledger.hosts import release_ledger, require_own, this_host
from tasks.ledger.instances import instances, mark_stopping
from tasks.presence import is_running
from tasks.release import LIVING
from tasks.settings import Settings, settings

PATIENCE_SECONDS = 5 * GRACE_SECONDS


class UntoldError(SlipwayError):
    """All was stopped, and the ledger could not be told, e.g. as the disk is full."""


def stop_stack(home: Home) -> int:
    """Stop the stack, whichever of its processes were killed; return how many leftovers were ended.

    The supervisor stops its programs in order. Those that it could not stop, because it was killed
    itself, are found through their records, or in the list of processes.

    It needs no room on the disk.
    """
    lost = lost_records(home)
    recorded = read_record(home.record("supervisor"))
    for supervisor in (recorded, *(each for each in lost if each.program == "supervisor")):
        if supervisor is None or not is_alive(supervisor):
            continue
        silent = is_silent(home.supervisor_heartbeat_file, time.monotonic())
        if silent or is_stopped(supervisor.pid):
            kill_session(supervisor)  # it would not hear that it is to end
        else:
            os.kill(supervisor.pid, signal.SIGTERM)
        wait_gone(supervisor, PATIENCE_SECONDS)
    ended = stop_sessions([*read_records(home.stack), *lost], GRACE_SECONDS)
    for path in (*home.stack.glob("*.json"), *home.stack.glob("*.ended")):
        path.unlink()
    home.heartbeat_file.unlink(missing_ok=True)
    home.supervisor_heartbeat_file.unlink(missing_ok=True)
    home.worker_heartbeat_file.unlink(missing_ok=True)
    home.reads_heartbeat_file.unlink(missing_ok=True)
    socket_path(home.root).unlink(missing_ok=True)
    handover_path(home.root).unlink(missing_ok=True)
    forget(home.root / "router")
    return ended


def stop_launched(config: Settings, ledger: Ledger) -> int:
    """End every launched service and remove none of its data; return how many were running."""
    doomed = instances(ledger, states=LIVING)
    mark_stopping(ledger, [instance.id for instance in doomed], own_identity().encode())
    route_away(ledger, SlotRouter(config.root / "router"), doomed, time.time())
    return end_instances(ledger, doomed, GRACE_SECONDS)


def down(config: Settings, *, everything: bool = False) -> str:
    """Stop the stack, and the launched services too if ``everything``; say what was stopped.

    Steps of workloads end with the flow runs that wait for them.

    What another host has launched on the same ledger is left alone.

    Raises:
        BusyError: Another `up` or `down` of this home is running.
        UntoldError: All is stopped, and the ledger does not know.
    """
    home = Home(config.root)
    if not home.stack.is_dir():
        return "nothing to stop"
    with exclusive(home):
        if free_bytes(home.root) < FULL_BYTES:
            Reserve(home.reserve_file).give_up()
        count = len(read_records(home.stack)) + len(lost_records(home))
        stop_stack(home)
        steps, services, left, untold = _stop_work(config, everything=everything)
        if everything:
            remove_link(config.root)
    stopped = {"processes": count, "steps": steps, "services": services}
    parts = [f"{number} {what}" for what, number in stopped.items() if number]
    done = f"stopped {', '.join(parts)}" if parts else "nothing to stop"
    if untold:
        again = ": the next `make up` may start services again" if everything else ""
        raise UntoldError(f"{done}, but the ledger was not told{again}. {untold}")
    going_on = "replicas that go on, without their public ports until the next `make up`"
    return f"{done}; {going_on}: {left}" if left else done


def _stop_work(config: Settings, *, everything: bool) -> tuple[int, int, int, str]:
    """End the steps, and the services if ``everything``, also where the ledger cannot be used.

    Return how many steps and services were ended, how many services still run, and why this is not
    recorded.
    """
    try:
        return (*_stop_recorded(config, everything=everything), "")
    except EndingError:
        raise
    except (SlipwayError, OSError) as error:
        steps, services = stop_unrecorded(config.root, GRACE_SECONDS, everything=everything)
        return steps, services, 0, told_full(str(error), config.root)


def _stop_recorded(config: Settings, *, everything: bool) -> tuple[int, int, int]:
    """End the steps, and the services if ``everything``.

    Return how many steps and services were ended, and how many services still run.
    """
    here = this_host(config.root)
    with closing(open_ledger(config.resolved_ledger_url())) as ledger:
        try:
            require_own(ledger, here)
        except BadInputError:
            return 0, 0, 0
        steps = stop_steps(ledger, GRACE_SECONDS)
        services = stop_launched(config, ledger) if everything else 0
        if everything:
            release_ledger(ledger, here)
        left = [each for each in instances(ledger, states=LIVING) if is_running(each)]
    return steps, services, len(left)


def main() -> int:
    """Stop the stack and report it; 1 with the reason on failure."""
    try:
        done = down(settings(), everything="--all" in sys.argv[1:])
    except SlipwayError as error:
        sys.stderr.write(f"make down: {error}\n")
        return 1
    sys.stdout.write(f"Slipway: {done}.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
