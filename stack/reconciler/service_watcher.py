"""Watches launched services, and tells once when one is gone, keeps ending, or runs again.

What it told last is kept in a file, so that a reconciler that is started again tells nothing twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

from blocks.providers.process import detached
from tasks.event_resource import ServiceKey
from tasks.events import Event, service_crash_looping, service_gone, service_revived
from tasks.home import write_private
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.presence import is_crash_loop, is_lost
from tasks.release import Instance, InstanceState


class Condition(IntEnum):
    """How a service is; the higher, the worse."""

    WELL = 0
    CRASH_LOOPING = 1
    GONE = 2


@dataclass(frozen=True, slots=True, order=True)
class Diagnosis:
    """The condition of a service, which is that of its worst replica, and its cause."""

    condition: Condition
    cause: str = ""


def diagnosis(instance: Instance, now: float) -> Diagnosis:
    """Return the condition of one replica that should run at ``now``, in epoch seconds."""
    status = detached.status(instance.directory)
    if isinstance(status, detached.Running):
        looping = is_crash_loop(status, now)
        cause = f"{status.restarts} restarts, the last time: {status.last_end or 'unknown'}"
        return Diagnosis(Condition.CRASH_LOOPING, cause) if looping else Diagnosis(Condition.WELL)
    if not is_lost(instance):
        return Diagnosis(Condition.WELL)  # it has finished, as its restart policy allows
    ended = status.outcome if isinstance(status, detached.Ended) else None
    return Diagnosis(Condition.GONE, (ended.cause or str(ended.end)) if ended else "never started")


def worst_diagnoses(expected: Iterable[Instance], now: float) -> dict[ServiceKey, Diagnosis]:
    """Return the condition of each service of which a replica should run."""
    worst: dict[ServiceKey, Diagnosis] = {}
    for instance in expected:
        key = ServiceKey(instance.project, instance.environment, instance.service)
        current = diagnosis(instance, now)
        worst[key] = max(current, worst.get(key, current))
    return worst


def news(
    before: Mapping[ServiceKey, Condition], current: Mapping[ServiceKey, Diagnosis]
) -> list[Event]:
    """Return an event for each service whose condition has changed.

    What should run no longer, because it was stopped or forgotten, is no news.
    """
    events = []
    for key, seen in sorted(current.items()):
        if seen.condition is before.get(key, Condition.WELL):
            continue
        match seen.condition:
            case Condition.GONE:
                events.append(service_gone(key, seen.cause))
            case Condition.CRASH_LOOPING:
                events.append(service_crash_looping(key, seen.cause))
            case Condition.WELL:
                events.append(service_revived(key))
    return events


class ServiceWatcher:
    """Looks at all services as a periodic job, and hands each change to ``announce``."""

    def __init__(self, ledger: Ledger, path: Path, announce: Callable[[Event], None]) -> None:
        self._ledger, self._path, self._announce = ledger, path, announce
        self._before = read_conditions(path)

    def __call__(self, now: float) -> list[str]:
        """Look once at ``now``, in epoch seconds; return a sentence for each change."""
        expected = instances(self._ledger, states=[InstanceState.RUNNING])
        current = worst_diagnoses(expected, now)
        events = news(self._before, current)
        for event in events:
            self._announce(event)
        conditions = {key: seen.condition for key, seen in current.items() if seen.condition}
        if conditions != self._before:
            self._before = conditions
            _write_conditions(self._path, conditions)
        return [str(event.payload["subject"]) for event in events]


def read_conditions(path: Path) -> dict[ServiceKey, Condition]:
    """Return what was told last; nothing where the file is missing or torn."""
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))
        return {ServiceKey(*key): Condition[name] for *key, name in rows}
    except (FileNotFoundError, ValueError, TypeError, KeyError):
        return {}


def _write_conditions(path: Path, conditions: Mapping[ServiceKey, Condition]) -> None:
    rows = [
        [key.project, key.environment, key.service, condition.name]
        for key, condition in sorted(conditions.items())
    ]
    write_private(path, json.dumps(rows))
