"""Precedence: decides whether a launch may serve while a rollout or a later run changes it."""

from __future__ import annotations

from tasks.errors import BusyError
from tasks.holder import run_of
from tasks.launch.launcher import Launcher, LaunchError
from tasks.ledger.rollouts import RolloutRow, open_rollout
from tasks.ledger.turns import Turn, is_overtaken
from tasks.release import Instance, InstanceState


def require_no_rollout(launcher: Launcher) -> None:
    """Refuse to go on while a rollout is moving the traffic, as it decides what serves.

    Raises:
        BusyError: A rollout is moving its traffic.
    """
    if row := _rollout(launcher):
        raise BusyError(
            f"{row.project}/{row.environment}: a rollout is at {row.phase}, by {run_of(row.owner)}. "
            "Wait until it is done; one whose run died is settled by the reconciler."
        )


def is_superseded(launcher: Launcher, turn: Turn) -> bool:
    """Tell whether a rollout or a later launch decides what serves there, or has decided it."""
    return _rollout(launcher) is not None or is_overtaken(launcher.ledger, turn)


def shared_services(launcher: Launcher, instances: list[Instance]) -> set[str]:
    """Return the services with a port among ``instances``, which a later launch has serve as well.

    Raises:
        LaunchError: A later run has something else serve, or nothing.
    """
    serving = {
        instance.id for instance in launcher.recorded() if instance.state is InstanceState.RUNNING
    }
    if not all(instance.id in serving for instance in instances):
        raise LaunchError(_overtaken(launcher, instances))
    return {instance.service for instance in instances if instance.port is not None}


def ended_by_another_run(launcher: Launcher, instances: list[Instance]) -> str:
    """Return a sentence where another run ends ``instances``; empty if none does."""
    remaining = {
        instance.id
        for instance in launcher.recorded()
        if instance.state is not InstanceState.STOPPING
    }
    return (
        ""
        if all(instance.id in remaining for instance in instances)
        else _overtaken(launcher, instances)
    )


def _rollout(launcher: Launcher) -> RolloutRow | None:
    return open_rollout(launcher.ledger, launcher.project, launcher.environment)


def _overtaken(launcher: Launcher, instances: list[Instance]) -> str:
    """Return a sentence on the run that decides what serves instead of this launch."""
    ids = {instance.id for instance in instances}
    if newer := [instance for instance in launcher.live() if instance.id not in ids]:
        return _gives_way(launcher, instances, newer)
    where = f"{launcher.project} in {launcher.environment}"
    return f"{where} was stopped while it was being launched."


def _gives_way(launcher: Launcher, instances: list[Instance], newer: list[Instance]) -> str:
    version = instances[0].version if instances else "nothing"
    return (
        f"{launcher.project} {version} does not serve in {launcher.environment}: while it was "
        f"being started, a run that began later started {newer[-1].version}, which serves there "
        "now. Launch it again if it is what you want."
    )
