"""Takes over a stack that runs wholly or in part: parts with unchanged inputs go on running.

The supervisor may be dead while its parts are healthy, or the settings may have changed, which
concerns only the parts that depend on them.
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
from stack.port_check import WantedPort, require_free
from stack.record import (
    KILL_SECONDS,
    ProcessRecord,
    is_alive,
    kill_session,
    read_record,
    read_records,
    wait_gone,
    write_record,
)
from stack.room import require_room_left
from stack.supervision import start_supervisor
from tasks.errors import SlipwayError
from tasks.home import PROGRAMS, Home
from tasks.settings import Settings

LEAVING_SECONDS = 10.0


def procfile(root: Path) -> str:
    """Return the text of the Procfile in ``root``."""
    return (root / "Procfile").read_text(encoding="utf-8")


def running_mark(home: Home) -> str:
    """Return the mark of the stack if any process of it runs, else ``""``."""
    records = [read_record(home.record(name)) for name in ("supervisor", *PROGRAMS)]
    return next((each.mark for each in records if each and is_alive(each)), "")


def take_over(config: Settings, root: Path, environment: Mapping[str, str]) -> str:
    """Have a supervisor with the current settings keep what runs; return what was done.

    Raises:
        BadInputError: A port of a part to start is taken; nothing was changed.
        SlipwayError: A part did not start.
    """
    home = Home(config.root)
    supervisor = read_record(home.record("supervisor"))
    if supervisor is not None and is_alive(supervisor):
        silent = is_silent(home.supervisor_heartbeat_file, time.monotonic())
        if silent or is_stopped(supervisor.pid):
            kill_session(supervisor)  # it would not react to a signal to leave
            wait_gone(supervisor, KILL_SECONDS)
    if supervisor is not None and not is_alive(supervisor):
        supervisor = None
    desired = parts(procfile(root), environment, served(home.root / "router"))
    if supervisor is not None and supervisor.inputs == all_inputs(desired):
        return "already up"
    living = _living(home, desired)
    router = next(part for part in desired if part.name == "router")
    _accept_router(config, home, router, living)
    moves = router.name in living and living[router.name].inputs != router.inputs
    if moves:  # all of it is restarted on other ports
        desired = parts(procfile(root), environment)
    records = [each for each in read_records(home.stack) if each.program in PROGRAMS]
    staying, leaving = _parted(desired, [each for each in records if is_alive(each)])
    freed = {socket.port for record in leaving for socket in listening(record.pid)}
    wanted = [each for each in _ports(config, desired, staying) if each.port not in freed]
    require_free(config.host, wanted, {each.pid: each.program for each in staying})
    if moves:
        forget(home.root / "router")
    if supervisor is not None:
        os.kill(supervisor.pid, signal.SIGUSR1)  # it leaves its parts running
        wait_gone(supervisor, LEAVING_SECONDS)
    start_supervisor(home, root, environment, all_inputs(desired))
    _await_settled(home, desired, config.start_seconds)
    continued = {name for name, record in living.items() if _runs_as_before(home, name, record)}
    restarted = [part.name for part in desired if part.name not in continued]
    return f"taken over: {len(continued)} parts went on" + (
        f", started {', '.join(restarted)}" * bool(restarted)
    )


def _accept_router(
    config: Settings, home: Home, router: Part, living: dict[str, ProcessRecord]
) -> None:
    """Let a router go on whose inputs are not known, if it serves the configured port.

    It has lost its record; a restart would cut the connections to every service.
    """
    record = living.get(router.name)
    if record is None or record.inputs:
        return
    if any(socket.port == config.router_port for socket in listening(record.pid)):
        living[router.name] = replace(record, inputs=router.inputs)
        write_record(home.record(router.name), living[router.name])


def _living(home: Home, desired: Sequence[Part]) -> dict[str, ProcessRecord]:
    records = {part.name: read_record(home.record(part.name)) for part in desired}
    return {name: record for name, record in records.items() if record and is_alive(record)}


def _runs_as_before(home: Home, name: str, record: ProcessRecord) -> bool:
    now = read_record(home.record(name))
    return now is not None and now.pid == record.pid and is_alive(now)


def _parted(
    desired: Sequence[Part], living: Sequence[ProcessRecord]
) -> tuple[list[ProcessRecord], list[ProcessRecord]]:
    """Return which of ``living`` go on as they are, and which end."""
    inputs = {part.inputs for part in desired}
    staying = [each for each in living if each.inputs in inputs]
    return staying, [each for each in living if each not in staying]


def _ports(
    config: Settings, desired: Sequence[Part], staying: Sequence[ProcessRecord]
) -> list[WantedPort]:
    """Return the ports of the parts that are started."""
    ports, going_on = [], {each.inputs for each in staying}
    for part in desired:
        if part.inputs in going_on:
            continue
        if part.program == "server":
            ports.append(WantedPort(config.server_port, "SLIPWAY_SERVER_PORT", "Prefect server"))
        if part.program == "router":
            first = int(part.variables.get("SLIPWAY_ROUTER_PORT", config.router_port))
            count = int(part.variables.get("SLIPWAY_ROUTER_SLOTS", config.router_slots))
            fronts = range(first, first + count)
            ports += [WantedPort(port, "SLIPWAY_ROUTER_PORT", "router") for port in fronts]
    return ports


def _await_settled(home: Home, desired: Sequence[Part], seconds: float) -> None:
    """Wait until each part runs with its desired inputs."""
    deadline = time.monotonic() + seconds
    while unsettled := [part.name for part in desired if not _settled(home, part)]:
        if time.monotonic() > deadline:
            reasons = "\n".join(reason(home, name) for name in unsettled)
            raise SlipwayError(f"did not start: {', '.join(unsettled)}\n{reasons}")
        require_room_left(home)
        time.sleep(0.05)


def _settled(home: Home, part: Part) -> bool:
    record = read_record(home.record(part.name))
    return record is not None and record.inputs == part.inputs and is_alive(record)
