"""What runs: looked at, not believed. Rows are made by `rows`, which is pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from blocks.providers import process
from blocks.providers.probe import ask
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.observe.usage import Usage, usage_of
from tasks.release import LIVING, Instance, InstanceState

_ANSWER_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Sight:
    """What was seen of one instance; ``health`` is empty where nobody could be asked."""

    instance: Instance
    status: process.Status
    usage: Usage | None = None
    health: str = ""


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One line of the table; ``uptime_seconds`` and what follows are of what runs only."""

    project: str
    service: str
    environment: str
    state: str
    port: int | None
    url: str
    release: str
    version: str
    uptime_seconds: float | None = None
    restarts: int = 0
    cpu_percent: float | None = None
    memory_mib: float | None = None
    health: str = ""


def status_rows(
    ledger: Ledger, now: float, project: str | None = None, environment: str | None = None
) -> list[StatusRow]:
    """Look at every instance that is meant to run, and return a row for each."""
    known = instances(ledger, project, environment, LIVING)
    fronts = {lease.owner: f"http://{lease.host}:{lease.port}" for lease in ports(ledger)}
    return rows(look(known), fronts, now)


def look(known: Sequence[Instance]) -> list[Sight]:
    """Return what there is to see of each: process, usage and health."""
    seen = {one.id: process.status(one.directory) for one in known}
    shims = [found.shim.pid for found in seen.values() if isinstance(found, process.Running)]
    usage = usage_of(shims) if shims else {}
    with ThreadPoolExecutor(8) as pool:
        health = list(pool.map(lambda one: _health(one, seen[one.id]), known))
    return [
        Sight(one, seen[one.id], _usage(seen[one.id], usage), said)
        for one, said in zip(known, health, strict=True)
    ]


def rows(sights: Sequence[Sight], fronts: Mapping[str, str], now: float) -> list[StatusRow]:
    """Return the table, by project, environment, service and replica.

    ``fronts`` are the URLs of front ports by the owner of their lease.
    """
    ordered = sorted(sights, key=lambda sight: _place(sight.instance))
    return [_row(sight, fronts, now) for sight in ordered]


def state_of(instance: Instance, found: process.Status) -> str:
    """Return what it is: the state it is meant to be in where it runs, else what happened."""
    if isinstance(found, process.Running):
        if not found.supervised:
            return f"{instance.state}, its shim was killed"
        if found.child_pid is None:
            return "waiting to restart" if found.restarts else "starting"
        return str(instance.state)
    if isinstance(found, process.Ended):
        return f"down: {found.outcome.cause or found.outcome.end}"
    return "never started"


def _place(instance: Instance) -> tuple[str, str, str, int]:
    return instance.project, instance.environment, instance.service, instance.replica


def _row(sight: Sight, fronts: Mapping[str, str], now: float) -> StatusRow:
    one, found = sight.instance, sight.status
    runs = found if isinstance(found, process.Running) else None
    serves = one.state is InstanceState.RUNNING
    front = fronts.get(f"front/{one.project}/{one.environment}/{one.service}", "")
    return StatusRow(
        project=one.project,
        service=one.service,
        environment=one.environment,
        state=state_of(one, found),
        port=one.port,
        url=front if serves else "",
        release=one.release,
        version=one.version,
        uptime_seconds=round(now - runs.started_at, 1) if runs else None,
        restarts=runs.restarts if runs else 0,
        cpu_percent=sight.usage.cpu_percent if sight.usage else None,
        memory_mib=sight.usage.memory_mib if sight.usage else None,
        health=sight.health,
    )


def _health(instance: Instance, found: process.Status) -> str:
    if not isinstance(found, process.Running) or instance.port is None:
        return ""
    answer = ask(instance.host, instance.port, instance.health_path, _ANSWER_SECONDS)
    return "ok" if answer.ok else answer.detail


def _usage(found: process.Status, usage: Mapping[int, Usage]) -> Usage | None:
    return usage.get(found.shim.pid) if isinstance(found, process.Running) else None
