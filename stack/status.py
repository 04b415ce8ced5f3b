"""`make status`: whether the four processes answer, and every live service in the ledger.

The flow `status` shows the services in the UI, with CPU, memory and health; this needs no server.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Collection, Mapping

from blocks.providers.process import detached
from blocks.routers.extent import reach, served
from stack.api import SlipwayApi
from stack.endings import crash_looping_parts, read_ending, reason
from stack.heartbeat import SILENT_SECONDS, silence
from stack.readiness import answering
from stack.record import ProcessRecord, is_alive, read_record
from stack.server.host_names import OPEN
from tasks.home import PROGRAMS, Home
from tasks.ledger.connection import open_ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner
from tasks.observe.disk_space import low_room
from tasks.observe.retention_table import retention_table
from tasks.observe.status import state_of
from tasks.observe.text_table import Row, text_table
from tasks.quantities import age
from tasks.release import LIVING, Instance, InstanceState
from tasks.settings import Settings, settings


def program_rows(
    answers: Mapping[str, bool],
    records: Mapping[str, ProcessRecord | None],
    now: float,
    failing: Collection[str] = (),
) -> list[Row]:
    """Return a row for each of the four: name, state, pid, uptime."""
    rows: list[Row] = []
    for name in PROGRAMS:
        record = records[name]
        silent = "silent" if record else "down"
        state = "failing" if name in failing else "answers" if answers[name] else silent
        pid, since = ("", "") if record is None else (str(record.pid), record.create_time)
        rows.append((name, state, pid, age(now - since) if isinstance(since, float) else ""))
    return rows


def service_row(
    instance: Instance, status: detached.Status, now: float, public: Mapping[str, int]
) -> Row:
    """Return the row of a service: where it belongs, its state, ports, release and uptime.

    ``public`` are the public ports by the owner of their lease.
    """
    running = isinstance(status, detached.Running)
    owner = PortOwner(instance.project, instance.environment).owner(instance.service)
    serves = instance.state is InstanceState.RUNNING and owner in public
    return (
        instance.project,
        instance.environment,
        f"{instance.service}.{instance.replica}",
        state_of(instance, status, now),
        str(public[owner]) if serves else "",
        str(instance.port or ""),
        f"{instance.version} ({instance.release[:12]})",
        age(now - instance.started_at) if running else "",
    )


def overview(config: Settings, now: float) -> str:
    """Return what runs, as text."""
    home = Home(config.root)
    with SlipwayApi.of(config, patience_seconds=0) as api:
        answers = answering(config, api)
    recorded = {name: read_record(home.record(name)) for name in PROGRAMS}
    records = {name: record if is_alive(record) else None for name, record in recorded.items()}
    given_up = crash_looping_parts(
        home
    )  # includes a part that answers for a moment after each start
    failing = [
        name
        for name in PROGRAMS
        if name in given_up or (not answers[name] and read_ending(home, name))
    ]
    rows = program_rows(answers, records, now, failing)
    parts = [text_table(("process", "state", "pid", "uptime"), rows)]
    parts += [reason(home, name) for name in failing]
    parts += supervision(home, time.monotonic())
    parts += [low_room(config.root) if config.root.exists() else "", public_ports(config)]
    parts += [] if config.auth else [f"WARNING: {OPEN}."]
    parts += [f"UI  {config.server_url}"] if answers["server"] else ["Start it with: make up"]
    parts += [services(config, now), retention_table(home, now)]
    return "\n\n".join(filter(None, parts))


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


def services(config: Settings, now: float) -> str:
    """Return the table of live services."""
    if not config.root.exists():
        return "No services."
    ledger = open_ledger(config.resolved_ledger_url())
    live = instances(ledger, states=LIVING)
    public = {lease.owner: lease.port for lease in ports(ledger)}
    ledger.close()
    where = ("project", "environment", "service")
    header = (*where, "state", "public port", "own port", "release", "uptime")
    rows = [service_row(each, detached.status(each.directory), now, public) for each in live]
    return text_table(header, rows) if rows else "No services."


def all_answer(config: Settings) -> bool:
    """Tell whether each of the four answers now."""
    with SlipwayApi.of(config, patience_seconds=0) as api:
        return api.healthy() and all(answering(config, api).values())


def main() -> int:
    """Print what runs; with `--check` say nothing and return 0 only when all four answer."""
    if "--check" in sys.argv[1:]:
        return 0 if all_answer(settings()) else 1
    sys.stdout.write(overview(settings(), time.time()) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
