"""What is known of the configuration of services that are looked at; free of Prefect.

The flow `status` and the reads without a run share it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from tasks.errors import SlipwayError
from tasks.launch.drift import GONE, drift
from tasks.launch.target import Target, launcher_of
from tasks.ledger.connection import Ledger
from tasks.observe.status import View
from tasks.release import Instance

Place = tuple[str, str]
"""A project and an environment."""


def places(living: Sequence[Instance]) -> list[Place]:
    """Return where ``living`` run."""
    return sorted({(instance.project, instance.environment) for instance in living})


def view_of(
    ledger: Ledger, living: Sequence[Instance], targets: Mapping[Place, Target | SlipwayError]
) -> tuple[View, list[str]]:
    """Return which services run differently than configured, and which secrets to redact.

    ``targets`` are what is configured at each place of ``living``, or why it cannot be launched;
    of a place that is not among them nothing is known. The sentences name what cannot be launched.
    """
    differing: dict[str, tuple[str, ...]] = {}
    missing: list[tuple[str, str, str]] = []
    secrets: dict[Place, Collection[str]] = {}
    sentences: list[str] = []
    for place, target in targets.items():
        try:
            if isinstance(target, SlipwayError):
                raise target
            secrets[place] = tuple(target.secrets.values())
            drifted = drift(launcher_of(target, ledger))
        except SlipwayError as error:  # its current configuration cannot be launched
            sentences.append(f"{place[0]} in {place[1]} cannot be launched again: {error}")
            here = [each.id for each in living if (each.project, each.environment) == place]
            differing |= dict.fromkeys(here, (GONE,))
            continue
        differing |= drifted.differing
        missing += [(*place, service) for service in drifted.missing]
    return View(differing, tuple(missing), secrets), sentences
