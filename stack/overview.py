"""What runs: the processes of the stack, and every live service; looked at, not believed.

`make status` prints it, and `/api/slipway/status` answers with it. It needs no server.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from blocks.redaction import without_evident_secrets
from blocks.routers.extent import reach, served
from stack.api import SlipwayApi
from stack.endings import crash_looping_parts, read_ending, reason
from stack.heartbeat import SILENT_SECONDS, silence
from stack.readiness import answering
from stack.record import is_alive, read_record
from stack.server.host_names import OPEN
from tasks.home import PROGRAMS, Home
from tasks.ledger.connection import Ledger, open_ledger
from tasks.observe.disk_space import low_room
from tasks.observe.retention_table import retention_table
from tasks.observe.status import StatusRow, View, status_rows
from tasks.quantities import age
from tasks.settings import Settings

ANSWER_SECONDS = 3.0
"""How long the server may take to say whether it and the worker are well."""


class Answer(BaseModel):
    """The base of what is answered: frozen, and without anything that is not described."""

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=True, extra="forbid")


class Process(Answer):
    """One process of the stack."""

    name: str = Field(description="Its name in the Procfile")
    state: str = Field(description="`answers`, `silent`, `down`, or `failing`: it ends repeatedly")
    pid: int | None = Field(default=None, description="Its process; null: none")
    uptime_seconds: float | None = Field(default=None, description="How long it has run")
    reason: str = Field(
        default="", description="Of one that is failing: how it ended, and the end of its log"
    )


class Service(Answer):
    """One replica of a service, or a service that is configured and not launched."""

    project: str = Field(description="Its project")
    environment: str = Field(description="Its environment")
    service: str = Field(description="Its name in the project")
    replica: int = Field(description="Its number, from 0")
    state: str = Field(description="What it does, by its process")
    health: str = Field(description="`ok`, or what is wrong; empty: it could not be asked")
    url: str = Field(description="Its public address; empty: it has none")
    port: int | None = Field(description="Its own port")
    version: str = Field(description="The version that it runs")
    release: str = Field(description="The digest of its release")
    uptime_seconds: float | None = Field(description="How long it has run")
    restarts: int = Field(description="How often it was started again")
    cpu_percent: float | None = Field(description="Its CPU, in per cent of one core")
    memory_mib: float | None = Field(description="Its memory, with all its processes")
    differs: tuple[str, ...] = Field(description="Keys that are configured otherwise by now")
    last_lines: tuple[str, ...] = Field(
        description="Of one that is not well: the end of its log, where its secrets are known"
    )


class Overview(Answer):
    """All that runs, as it was seen at ``looked_at``."""

    looked_at: float = Field(description="When it was looked at, in seconds since 1970")
    processes: tuple[Process, ...] = Field(description="The processes of the stack")
    services: tuple[Service, ...] = Field(description="Every replica, by project")
    remarks: tuple[str, ...] = Field(description="What is wrong, or needs attention, as sentences")
    public_ports: str = Field(description="The public ports that the router serves")
    ui: str = Field(description="The address of the UI; empty: the server does not answer")
    retention: str = Field(description="What is kept of the past, as a table")


Seen = Callable[[Ledger], View]
"""Returns what is known of the configuration."""


def nothing_known(ledger: Ledger) -> View:
    """Return a view without any configuration."""
    del ledger
    return View()


def look(config: Settings, now: float, ledger: Ledger | None, view: Seen) -> Overview:
    """Look at everything; without a ``ledger`` that of the settings is opened, if there is one."""
    home = Home(config.root)
    with SlipwayApi.of(config, patience_seconds=0, timeout_seconds=ANSWER_SECONDS) as api:
        answers = answering(config, api)
    return Overview(
        looked_at=now,
        processes=tuple(_process(home, name, now, answers=answers[name]) for name in PROGRAMS),
        services=tuple(_service(row) for row in _rows(config, now, ledger, view)),
        remarks=tuple(_remarks(config, home)),
        public_ports=public_ports(config),
        ui=config.server_url if answers["server"] else "",
        retention=retention_table(home, now),
    )


def _process(home: Home, name: str, now: float, *, answers: bool) -> Process:
    record = read_record(home.record(name))
    record = record if is_alive(record) else None
    # One that keeps ending answers for a moment after each start.
    failing = name in crash_looping_parts(home) or (not answers and read_ending(home, name))
    silent = "silent" if record else "down"
    return Process(
        name=name,
        state="failing" if failing else "answers" if answers else silent,
        pid=record.pid if record else None,
        uptime_seconds=round(now - record.create_time, 1) if record else None,
        reason=without_evident_secrets(reason(home, name)) if failing else "",
    )


def _rows(config: Settings, now: float, ledger: Ledger | None, view: Seen) -> Sequence[StatusRow]:
    if ledger is not None:
        return status_rows(ledger, now, view=view(ledger))
    if not config.root.exists():
        return ()
    with closing(open_ledger(config.resolved_ledger_url())) as opened:
        return status_rows(opened, now, view=view(opened))


def _service(row: StatusRow) -> Service:
    return Service.model_validate(asdict(row))


def _remarks(config: Settings, home: Home) -> list[str]:
    room = low_room(config.root) if config.root.exists() else ""
    warning = "" if config.auth else f"WARNING: {OPEN}."
    return [each for each in (*supervision(home, time.monotonic()), room, warning) if each]


def supervision(home: Home, now: float) -> list[str]:
    """Return a sentence if the supervisor is dead or hangs, so that nobody restarts the parts.

    ``now`` is a time of the monotonic clock, as heartbeats are.
    """
    supervisor = read_record(home.record("supervisor"))
    if supervisor is None:
        return []
    if is_alive(supervisor):
        silent = silence(home.supervisor_heartbeat_file, now)
        if silent is None or silent < SILENT_SECONDS:
            return []
        problem = f"The supervisor, process {supervisor.pid}, hangs: no sign for {age(silent)}."
    else:
        problem = "The supervisor is dead."
    by = [name for name in ("reconciler", "worker") if is_alive(read_record(home.record(name)))]
    if by:
        return [f"{problem} The {by[0]} replaces it within minutes; `make up` does so now."]
    rest = "Reconciler and worker are dead as well: what dies now stays down, and no run starts."
    return [f"{problem} {rest} Start them again with: make up"]


def public_ports(config: Settings) -> str:
    """Return a sentence on the public ports that the router serves by now."""
    ranges = served(config.root / "router")
    if not ranges:
        return ""
    first, last = ranges[0].start, reach(config.router_port, config.router_slots, ranges)
    grown = len(ranges) - 1
    more = f", {sum(map(len, ranges[1:]))} of them added since its start" if grown else ""
    return f"Public ports {first} to {last} ({last - first + 1}{more})"
