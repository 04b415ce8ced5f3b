"""What is launched where: the values a launch consists of, checked before anything starts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec
from tasks.launch.launcher import Launcher
from tasks.launch.members import Bounds
from tasks.launch.variables import resolve
from tasks.ledger.connection import Ledger
from tasks.settings import Settings


@dataclass(frozen=True, slots=True)
class Target:
    """One project in one environment, with all that the environment inherits."""

    project: str
    spec: ProjectSpec
    environment: str
    variables: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)


def target_of(
    project: str,
    spec: ProjectSpec,
    environment: str,
    environments: Mapping[str, EnvironmentSpec],
) -> Target:
    """Return the target, its environment looked up in ``environments``.

    Raises:
        NotFoundError: There is no such environment.
        BadInputError: Environments inherit one another in a circle, or share with nobody.
    """
    merged = resolve(environment, environments, project, spec.environments)
    secrets = {name: secret.get_secret_value() for name, secret in merged.secrets.items()}
    return Target(project, spec, environment, merged.variables, secrets)


def launcher_of(target: Target, ledger: Ledger, settings: Settings) -> Launcher:
    """Return what launches ``target`` on this machine."""
    return Launcher(
        ledger=ledger,
        project=target.project,
        spec=target.spec,
        environment=target.environment,
        variables=target.variables,
        secrets=target.secrets,
        home=settings.root,
        ports=(settings.service_port_low, settings.service_port_high),
        host=settings.host,
        keep_releases=settings.keep_releases,
        build_seconds=settings.build_seconds,
        archive_bounds=Bounds(settings.archive_mib, settings.archive_members),
    )
