"""The subject of a snapshot: a project in an environment, and how a copy of it is launched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec
from blocks.redaction import without_user
from tasks.backup.sources import Source, project_sources
from tasks.release import Release


@dataclass(frozen=True, slots=True)
class BackupSubject:
    """What is backed up: one project in one environment.

    ``spec`` is its ProjectSpec as JSON, ``variables`` those of the environment; secrets are
    there by name only.
    """

    project: str
    environment: str
    sources: tuple[Source, ...]
    version: str = ""
    digest: str = ""
    spec: Mapping[str, Any] | None = None
    variables: Mapping[str, str] | None = None
    secrets: tuple[str, ...] = ()

    @property
    def stateless(self) -> bool:
        """Whether the project says that it keeps nothing."""
        return bool((self.spec or {}).get("stateless"))

    @property
    def tags(self) -> tuple[str, ...]:
        """The tags by which its snapshots are found."""
        return tags(self.project, self.environment)


def tags(project: str, environment: str = "") -> tuple[str, ...]:
    """Return the tags that snapshots of a project bear: in one environment, or in all."""
    own = ("slipway", f"project={project}")
    return (*own, f"environment={environment}") if environment else own


def environment_of(tags: Iterable[str]) -> str:
    """Return the environment that the tags of a snapshot name; empty if they name none."""
    return next((tag.partition("=")[2] for tag in tags if tag.startswith("environment=")), "")


def sources_of(project: str, environment: str, spec: ProjectSpec, home: Path) -> tuple[Source, ...]:
    """Return the folders of a configured project that are backed up: its data folder first."""
    return project_sources(project, home / "data" / project / environment, spec.data)


def project_subject(
    project: str,
    environment: str,
    *,
    spec: ProjectSpec,
    variables: EnvironmentSpec,
    home: Path,
    release: Release | None = None,
) -> BackupSubject:
    """Return the subject of a configured project; its data folder is made where there is none.

    Args:
        project: Name of the project.
        environment: Name of the environment.
        spec: The project; credentials in its source URL are left out of the snapshot.
        variables: The environment; its secrets are recorded by name only.
        home: Slipway's home folder, which holds the data folder.
        release: What is live, so that a restored copy can be launched as the same version.
    """
    sources = sources_of(project, environment, spec, home)
    sources[0].path.mkdir(parents=True, exist_ok=True)
    clean = spec.model_copy(update={"source": without_user(spec.source)})
    return BackupSubject(
        project,
        environment,
        sources,
        version=release.version if release else "",
        digest=release.digest if release else "",
        spec=clean.model_dump(
            mode="json", exclude_defaults=True, exclude={"environments", "credentials"}
        ),
        variables=dict(variables.variables),
        secrets=tuple(sorted(variables.secrets)),
    )
