"""A stack that runs, wholly or in part, is taken over: what runs as it is wanted goes on.

The supervisor may be dead while its parts are well, or the settings may have changed, which
concerns the parts that depend on them and no others.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from blocks.providers.process.listening import listening
from blocks.routers.extent import forget, served
from stack.endings import reason
from stack.hanging import is_stopped
from stack.heartbeat import is_silent
from stack.parts import Part, all_inputs, parts
from stack.ports import WantedPort, require_free
from stack.record import (
    KILL_SECONDS,
    Record,
    is_alive,
    kill_session,
    read_record,
    wait_gone,
    write_record,
)
from stack.supervision import start_supervisor
from tasks.errors import SlipwayError
from tasks.home import PROGRAMS, Home
from tasks.settings import Settings

LEAVING_SECONDS = 10.0


def procfile(root: Path) -> str:
    """Return the text of the Procfile in ``root``."""
    return (root / "Procfile").read_text(encoding="utf-8")


def standing_mark(home: Home) -> str:
    """Return the mark of the stack of which anything runs; empty when nothing does."""
    records = [read_record(home.record(name)) for name in ("supervisor", *PROGRAMS)]
    return next((each.mark for each in records if each and is_alive(each)), "")


def take_over(chosen: Settings, root: Path, environment: Mapping[str, str]) -> str:
    """Have a supervisor of today's settings keep what runs; return what was done.

    Raises:
        BadInputError: A port of what is to be started is taken; nothing has changed then.
        SlipwayError: A part did not start.
    """
    home = Home(chosen.root)
    supervisor = read_record(home.record("supervisor"))
    if supervisor is not None and is_alive(supervisor):
        silent = is_silent(home.supervisor_heartbeat_file, time.monotonic())
        if silent or is_stopped(supervisor.pid):
            kill_session(supervisor)  # it would not hear that it is to leave
            wait_gone(supervisor, KILL_SECONDS)
    if supervisor is not None and not is_alive(supervisor):
        supervisor = None
    wanted = parts(procfile(root), environment, served(home.root / "router"))
    if supervisor is not None and supervisor.inputs == all_inputs(wanted):
        return "already up"
    living = _living(home, wanted)
    require_free(chosen.host, _ports(chosen, wanted, living))
    router = next(part for part in wanted if part.name == "router")
    _accept_router(chosen, home, router, living)
    if router.name in living and living[router.name].inputs != router.inputs:
        forget(home.root / "router")  # it starts again elsewhere, all of it
        wanted = parts(procfile(root), environment)
    if supervisor is not None:
        os.kill(supervisor.pid, signal.SIGUSR1)  # it leaves its parts running
        wait_gone(supervisor, LEAVING_SECONDS)
    start_supervisor(home, root, environment, all_inputs(wanted))
    _await_settled(home, wanted, chosen.start_seconds)
    kept = {name for name, record in living.items() if _runs_as_before(home, name, record)}
    anew = [part.name for part in wanted if part.name not in kept]
    return f"taken over: {len(kept)} parts went on" + (f", started {', '.join(anew)}" * bool(anew))


def _accept_router(chosen: Settings, home: Home, router: Part, living: dict[str, Record]) -> None:
    """Have a router go on of which nobody knows how it was started, where it serves as is wanted.

    It has lost its record; to start it again would cut what is connected to every service.
    """
    record = living.get(router.name)
    if record is None or record.inputs:
        return
    if any(socket.port == chosen.router_port for socket in listening(record.pid)):
        living[router.name] = replace(record, inputs=router.inputs)
        write_record(home.record(router.name), living[router.name])


def _living(home: Home, wanted: Sequence[Part]) -> dict[str, Record]:
    records = {part.name: read_record(home.record(part.name)) for part in wanted}
    return {name: record for name, record in records.items() if record and is_alive(record)}


def _runs_as_before(home: Home, name: str, record: Record) -> bool:
    now = read_record(home.record(name))
    return now is not None and now.pid == record.pid and is_alive(now)


def _ports(
    chosen: Settings, wanted: Sequence[Part], living: Mapping[str, Record]
) -> list[WantedPort]:
    """Return the ports of the parts that do not run yet."""
    found = []
    for part in wanted:
        if part.name in living:
            continue
        if part.program == "server":
            found.append(WantedPort(chosen.server_port, "SLIPWAY_SERVER_PORT", "Prefect server"))
        if part.program == "router":
            first = int(part.variables.get("SLIPWAY_ROUTER_PORT", chosen.router_port))
            count = int(part.variables.get("SLIPWAY_ROUTER_SLOTS", chosen.router_slots))
            fronts = range(first, first + count)
            found += [WantedPort(port, "SLIPWAY_ROUTER_PORT", "router") for port in fronts]
    return found


def _await_settled(home: Home, wanted: Sequence[Part], seconds: float) -> None:
    """Wait until each part runs with the inputs that are wanted."""
    deadline = time.monotonic() + seconds
    while unsettled := [part.name for part in wanted if not _settled(home, part)]:
        if time.monotonic() > deadline:
            reasons = "\n".join(reason(home, name) for name in unsettled)
            raise SlipwayError(f"did not start: {', '.join(unsettled)}\n{reasons}")
        time.sleep(0.05)


def _settled(home: Home, part: Part) -> bool:
    record = read_record(home.record(part.name))
    return record is not None and record.inputs == part.inputs and is_alive(record)
