"""The events that Slipway emits to Prefect: their names and what they say, as plain values.

Flows and tasks emit them with Prefect's `emit_event`; the reconciler posts them to the API. Each
carries a `subject` and a `message` in its payload, which notifications send.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from tasks.event_resource import (
    Resource,
    ServiceKey,
    insight_resource,
    project_resource,
    provider_resource,
)

_MAX_CHARACTERS = 300
"""How much of a reason is quoted; the whole of it stands in the run and its report."""


class EventName(StrEnum):
    """The short names of all events, as `notifications:` lists them."""

    SERVICE_GONE = "service-gone"
    SERVICE_REVIVED = "service-revived"
    SERVICE_CRASH_LOOPING = "service-crash-looping"
    DEPLOY_STARTED = "deploy-started"
    DEPLOY_DONE = "deploy-done"
    DEPLOY_REVERTED = "deploy-reverted"
    BACKUP_DONE = "backup-done"
    BACKUP_FAILED = "backup-failed"
    BACKUP_WARNING = "backup-warning"
    WORKLOAD_FAILED = "workload-failed"
    INSIGHT_RAISED = "insight-raised"
    INSIGHT_CLOSED = "insight-closed"

    @property
    def full(self) -> str:
        """The name under which Prefect shows it, e.g. `slipway.service.gone`."""
        return f"slipway.{self.value.replace('-', '.', 1)}"


@dataclass(frozen=True, slots=True)
class Event:
    """Something that has happened to ``resource``; ``related`` holds others by their roles."""

    name: EventName
    resource: Resource
    payload: Mapping[str, Any]
    related: tuple[tuple[str, Resource], ...] = ()

    def document(self) -> dict[str, Any]:
        """Return its parts, which are the arguments of `emit_event` and what the API takes."""
        return {
            "event": self.name.full,
            "resource": self.resource.document(),
            "related": [resource.document(role) for role, resource in self.related],
            "payload": dict(self.payload),
        }


@dataclass(frozen=True, slots=True)
class Text:
    """The words of an event: of ``what``, in short, and as the rest of one plain sentence."""

    what: str
    headline: str
    sentence: str

    def payload(self, **details: object) -> dict[str, Any]:
        """Return the payload of an event; of ``details``, those that are not empty."""
        words = {
            "subject": f"{self.what} {self.headline}",
            "message": f"{self.what} {self.sentence}",
        }
        return words | {name: value for name, value in details.items() if value != ""}


def service_gone(key: ServiceKey, cause: str) -> Event:
    """Return that a service should run and does not."""
    sentence = (
        f"has no process any more{_because(cause)}, and Slipway starts it again: `status` shows "
        "whether it runs, and its log why it ended."
    )
    return _of_service(EventName.SERVICE_GONE, key, "is gone", sentence, cause)


def service_revived(key: ServiceKey) -> Event:
    """Return that a service that was gone or crash-looping runs."""
    sentence = "runs again: there is nothing to do."
    return _of_service(EventName.SERVICE_REVIVED, key, "runs again", sentence)


def service_crash_looping(key: ServiceKey, cause: str) -> Event:
    """Return that a service ends soon after each of its starts."""
    sentence = (
        f"ends soon after each start{_because(cause)}: fix what its log shows and deploy it "
        "again, or roll back."
    )
    return _of_service(EventName.SERVICE_CRASH_LOOPING, key, "keeps ending", sentence, cause)


def _of_service(
    name: EventName, key: ServiceKey, headline: str, sentence: str, cause: str = ""
) -> Event:
    resource = key.resource()
    text = Text(f"Service {resource.name}", headline, sentence)
    related = (("project", project_resource(key.project, key.environment)),)
    return Event(name, resource, text.payload(cause=first_line(cause)), related)


@dataclass(frozen=True, slots=True)
class RolloutSummary:
    """What an event says of a rollout; ``kind`` is `deploy` or `rollback`."""

    project: str
    environment: str
    kind: str
    version: str
    from_version: str
    reason: str = ""


def deploy_started(rollout: RolloutSummary) -> Event:
    """Return that a deploy or a rollback has begun."""
    sentence = "has started: there is nothing to do."
    return _of_rollout(EventName.DEPLOY_STARTED, rollout, "has started", sentence)


def deploy_done(rollout: RolloutSummary) -> Event:
    """Return that its version has the traffic."""
    sentence = "is done, and that version serves: there is nothing to do."
    return _of_rollout(EventName.DEPLOY_DONE, rollout, "is done", sentence)


def deploy_reverted(rollout: RolloutSummary) -> Event:
    """Return that its version was refused or withdrawn, and that what served before still does."""
    former = rollout.from_version
    serving = f"version {former} still serves" if former else "nothing was deployed there before"
    sentence = (
        f"was reverted{_because(rollout.reason)}, and {serving}: fix that version and deploy it "
        "again."
    )
    return _of_rollout(EventName.DEPLOY_REVERTED, rollout, "was reverted", sentence)


def _of_rollout(name: EventName, rollout: RolloutSummary, headline: str, sentence: str) -> Event:
    resource = project_resource(rollout.project, rollout.environment)
    version = f" to version {rollout.version}" if rollout.version else ""
    text = Text(f"The {rollout.kind} of {resource.name}{version}", headline, sentence)
    payload = text.payload(
        kind=rollout.kind,
        version=rollout.version,
        from_version=rollout.from_version,
        reason=first_line(rollout.reason),
    )
    return Event(name, resource, payload)


def backup_done(project: str, environment: str, snapshot: str, total_bytes: int) -> Event:
    """Return that a snapshot was taken and checked."""
    resource = project_resource(project, environment)
    sentence = f"is done: `restore` brings snapshot {snapshot[:8]} back."
    text = Text(f"The backup of {resource.name}", "is done", sentence)
    payload = text.payload(snapshot=snapshot, total_bytes=total_bytes)
    return Event(EventName.BACKUP_DONE, resource, payload)


def backup_failed(project: str, environment: str, reason: str) -> Event:
    """Return that no snapshot was taken."""
    resource = project_resource(project, environment)
    sentence = f"failed{_because(reason)}: fix that and run `backup` again."
    text = Text(f"The backup of {resource.name}", "failed", sentence)
    return Event(EventName.BACKUP_FAILED, resource, text.payload(reason=first_line(reason)))


def backup_warning(project: str, environment: str, snapshot: str, problem: str) -> Event:
    """Return that a snapshot was taken and something is wrong with it."""
    resource = project_resource(project, environment)
    sentence = (
        f"was taken as snapshot {snapshot[:8]} and has a warning{_because(problem)}: fix that "
        "and run `backup` again."
    )
    text = Text(f"The backup of {resource.name}", "has a warning", sentence)
    payload = text.payload(snapshot=snapshot, problem=problem)
    return Event(EventName.BACKUP_WARNING, resource, payload)


def workload_failed(
    project: str, environment: str, workload: str, reason: str, providers: Iterable[str]
) -> Event:
    """Return that a workload did not succeed; ``providers`` are those that it could use."""
    resource = project_resource(project, environment)
    sentence = f"failed{_because(reason)}: fix that and run it again."
    text = Text(f"Workload {workload} of {resource.name}", "failed", sentence)
    payload = text.payload(workload=workload, reason=first_line(reason))
    related = tuple(("provider", provider_resource(name)) for name in sorted(providers))
    return Event(EventName.WORKLOAD_FAILED, resource, payload, related)


def insight_raised(kind: str, key: str, severity: str, size: str) -> Event:
    """Return that there is a finding that a user should know; ``size`` says how much."""
    sentence = f"is new ({severity}){_because(size)}: look at it in the next report."
    text = Text(f"The insight on the {kind} of {key}", "is new", sentence)
    payload = text.payload(kind=kind, key=key, severity=severity, size=size)
    return Event(EventName.INSIGHT_RAISED, insight_resource(kind, key, severity), payload)


def insight_closed(kind: str, key: str, severity: str, size: str) -> Event:
    """Return that a finding no longer holds."""
    sentence = "is over: there is nothing to do."
    text = Text(f"The insight on the {kind} of {key}", "is over", sentence)
    payload = text.payload(kind=kind, key=key, severity=severity, size=size)
    return Event(EventName.INSIGHT_CLOSED, insight_resource(kind, key, severity), payload)


def first_line(text: str) -> str:
    """Return the first line of ``text``, shortened."""
    line = next(iter(text.strip().splitlines()), "").strip()
    return line if len(line) <= _MAX_CHARACTERS else f"{line[: _MAX_CHARACTERS - 3]}..."


def _because(reason: str) -> str:
    """Return a reason as a part of a sentence."""
    line = first_line(reason).rstrip(".:")
    return f" ({line})" if line else ""
