"""The target of a launch: a project in an environment, with its variables and secrets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec
from tasks.launch.launcher import Launcher
from tasks.launch.sources.members import Bounds
from tasks.launch.variables import resolve
from tasks.ledger.connection import Ledger
from tasks.settings import settings


@dataclass(frozen=True, slots=True)
class Target:
    """One project in one environment, with the values that the environment inherits."""

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


def launcher_of(target: Target, ledger: Ledger) -> Launcher:
    """Return the launcher of ``target`` on this machine, by the settings of this process."""
    config = settings()
    return Launcher(
        ledger=ledger,
        project=target.project,
        spec=target.spec,
        environment=target.environment,
        variables=target.variables,
        secrets=target.secrets,
        home=config.root,
        ports=(config.service_port_low, config.service_port_high),
        host=config.host,
        keep_releases=config.keep_releases,
        build_seconds=config.build_seconds,
        archive_bounds=Bounds(config.archive_mib, config.archive_members),
    )
