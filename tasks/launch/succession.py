"""Succession: messages for a run whose services a later run has stopped or replaced."""

from __future__ import annotations

from collections.abc import Sequence

from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.release import Instance, InstanceState

_MEANT_TO_RUN = frozenset({InstanceState.STARTING, InstanceState.RUNNING})


def overtaken(ledger: Ledger, launched: Sequence[Instance]) -> str:
    """Return a sentence where none of ``launched`` serves any more; empty if one does."""
    if not launched:
        return ""
    first = launched[0]
    serving = instances(ledger, first.project, first.environment, {InstanceState.RUNNING})
    if {instance.id for instance in launched} & {instance.id for instance in serving}:
        return ""
    return _overtaken_sentence(first.project, first.version, first.environment, serving)


def replaced(ledger: Ledger, project: str, environment: str, release: str, version: str) -> str:
    """Return a sentence where nothing of ``release`` serves any more; empty if it does."""
    serving = instances(ledger, project, environment, {InstanceState.RUNNING})
    if any(instance.release == release for instance in serving):
        return ""
    return _overtaken_sentence(project, version, environment, serving)


def started_since(ledger: Ledger, project: str, environment: str) -> str:
    """Return a sentence where something serves, or is started, that was to be stopped."""
    present = instances(ledger, project, environment, _MEANT_TO_RUN)
    if not present:
        return ""
    return (
        f"{project} {present[-1].version} runs in {environment}: another run has started it since."
    )


def _overtaken_sentence(
    project: str, version: str, environment: str, serving: Sequence[Instance]
) -> str:
    does_not = f"{project} {version} does not serve in {environment}: another run has"
    if not serving:
        return f"{does_not} stopped it since."
    return f"{does_not} replaced it by {serving[-1].version} since."
