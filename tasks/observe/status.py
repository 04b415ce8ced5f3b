"""The status of instances, observed from their processes and not taken from records."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial

from blocks.providers.process import detached
from blocks.providers.process.probe import ask
from blocks.redaction import last_lines
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.ledger.public_ports import PortOwner
from tasks.observe.usage import ServiceUsage, usage_of
from tasks.presence import has_finished, is_crash_loop, who_else_answers
from tasks.release import LIVING, Instance, InstanceState

_ANSWER_SECONDS = 5.0
_ILL = ("down", "crash loop", "waiting to restart", "never started")
_IN_BACKGROUND = "put itself into the background; have it run in the foreground"
_UNSUPERVISED = ", its shim was killed"
_LOG_LINES = 10
NOT_LAUNCHED = "not launched"


@dataclass(frozen=True, slots=True)
class Sight:
    """The observation of one instance; ``health`` is empty if it could not be asked."""

    instance: Instance
    status: detached.Status
    usage: ServiceUsage | None = None
    health: str = ""


@dataclass(frozen=True, slots=True)
class View:
    """What is known of the configuration, beside the ledger.

    ``differing`` are the configured keys that do not apply to an instance yet, by its id;
    ``missing`` are (project, environment, service) of services that are configured and not
    launched; ``secrets`` are the values that must not be shown, by (project, environment).
    """

    differing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[tuple[str, str, str], ...] = ()
    secrets: Mapping[tuple[str, str], Collection[str]] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class StatusRow:
    """One row of the table; only what runs has ``uptime_seconds`` and what follows.

    ``differs`` are the keys that are configured otherwise; ``last_lines`` are the last log lines of
    an instance that is not well.
    """

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
    differs: tuple[str, ...] = ()
    last_lines: tuple[str, ...] = ()
    replica: int = 0

    @property
    def ill(self) -> bool:
        """Whether it is not well: down, failing, unhealthy or unsupervised."""
        return (
            self.health not in {"", "ok"}
            or self.state.startswith(_ILL)
            or self.state.endswith(_UNSUPERVISED)
        )


def status_rows(
    ledger: Ledger,
    now: float,
    project: str | None = None,
    environment: str | None = None,
    view: View | None = None,
) -> list[StatusRow]:
    """Observe every instance that is meant to run, and return a row for each.

    A service that is configured and not launched gets a row as well.
    """
    view = view or View()
    with ledger.one_state():
        recorded = instances(ledger, project, environment, LIVING)
        public_urls = {lease.owner: f"http://{lease.host}:{lease.port}" for lease in ports(ledger)}
    by_id = {instance.id: instance for instance in recorded}
    observed = [
        replace(row, differs=view.differing.get(instance_id, ()), last_lines=lines)
        for instance_id, row in rows(look(recorded), public_urls, now)
        for lines in [_last_lines(by_id[instance_id], view) if row.ill else ()]
    ]
    return [*observed, *(_not_launched(*place) for place in view.missing)]


def look(recorded: Sequence[Instance]) -> list[Sight]:
    """Return the observation of each: its process, usage and health."""
    statuses = {instance.id: detached.status(instance.directory) for instance in recorded}
    shims = [
        status.shim.pid for status in statuses.values() if isinstance(status, detached.Running)
    ]
    usage = usage_of(shims) if shims else {}
    with ThreadPoolExecutor(8) as pool:
        health = list(pool.map(lambda instance: _health(instance, statuses[instance.id]), recorded))
    return [
        Sight(instance, statuses[instance.id], _usage(statuses[instance.id], usage), answer)
        for instance, answer in zip(recorded, health, strict=True)
    ]


def rows(
    sights: Sequence[Sight], public_urls: Mapping[str, str], now: float
) -> list[tuple[str, StatusRow]]:
    """Return the id of each instance and its row, by project, environment, service and replica.

    ``public_urls`` are the URLs of public ports by the owner of their lease.
    """
    ordered = sorted(sights, key=lambda sight: _place(sight.instance))
    return [(sight.instance.id, _row(sight, public_urls, now)) for sight in ordered]


def state_of(instance: Instance, status: detached.Status, now: float) -> str:
    """Return its state: the one it is meant to be in where it runs, else what happened."""
    if isinstance(status, detached.Running):
        return _running_state(instance, status, now)
    if isinstance(status, detached.NotStarted):
        return "never started"
    if has_finished(instance):
        return "finished" if instance.port is None else "down: it ended, and nothing answers"
    return f"down: {status.outcome.cause or status.outcome.end}"


def _running_state(instance: Instance, status: detached.Running, now: float) -> str:
    if not status.supervised:
        return f"{instance.state}{_UNSUPERVISED}"
    if is_crash_loop(status, now):
        end = status.last_end or (_IN_BACKGROUND if status.left_behind else "")
        cause = f", the last time: {end}" if end else ""
        return f"crash loop: {status.restarts} restarts{cause}"
    if status.child_pid is None:
        return "waiting to restart" if status.restarts else "starting"
    return str(instance.state)


def _place(instance: Instance) -> tuple[str, str, str, int]:
    return instance.project, instance.environment, instance.service, instance.replica


def _row(sight: Sight, public_urls: Mapping[str, str], now: float) -> StatusRow:
    instance, status = sight.instance, sight.status
    running = status if isinstance(status, detached.Running) else None
    serves = instance.state is InstanceState.RUNNING
    owner = PortOwner(instance.project, instance.environment).owner(instance.service)
    public_url = public_urls.get(owner, "")
    return StatusRow(
        project=instance.project,
        service=instance.service,
        environment=instance.environment,
        state=state_of(instance, status, now),
        port=instance.port,
        url=public_url if serves else "",
        release=instance.release,
        version=instance.version,
        uptime_seconds=round(now - running.started_at, 1) if running else None,
        restarts=running.restarts if running else 0,
        cpu_percent=sight.usage.cpu_percent if sight.usage else None,
        memory_mib=sight.usage.memory_mib if sight.usage else None,
        health=sight.health,
        replica=instance.replica,
    )


def _last_lines(instance: Instance, view: View) -> tuple[str, ...]:
    """Return its last log lines; none if its secrets are not known."""
    secrets = view.secrets.get((instance.project, instance.environment))
    if secrets is None:
        return ()
    return tuple(last_lines(detached.log_path(instance.directory), _LOG_LINES, secrets))


def _not_launched(project: str, environment: str, service: str) -> StatusRow:
    row = StatusRow(project, service, environment, NOT_LAUNCHED, None, "", "", "")
    return replace(row, differs=("service",))


def _health(instance: Instance, status: detached.Status) -> str:
    if not isinstance(status, detached.Running) or instance.port is None:
        return ""
    find_intruder = partial(who_else_answers, instance, status)
    answer = ask(instance.host, instance.port, instance.health_path, _ANSWER_SECONDS, find_intruder)
    return "ok" if answer.ok else answer.detail


def _usage(status: detached.Status, usage: Mapping[int, ServiceUsage]) -> ServiceUsage | None:
    """Return its usage; that is not known without its shim."""
    if not isinstance(status, detached.Running) or not status.supervised:
        return None
    return usage.get(status.shim.pid)
