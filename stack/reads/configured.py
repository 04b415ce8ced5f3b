"""What is configured, read from the blocks over the server's API, and kept for a moment.

While the server is away, what was known last is used.
"""

from __future__ import annotations

import math
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

import httpx

from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec, spec_fields
from flows.project.observation import Place
from stack.api import ApiError, SlipwayApi
from tasks.configuration import checked
from tasks.errors import NotFoundError, SlipwayError
from tasks.launch.target import Target, target_of
from tasks.launch.variables import lineage

FRESH_SECONDS = 2.0
AWAY_SECONDS = 10.0
"""A server that does not answer is not asked again for so long, as each try takes seconds."""
_PROJECTS, _ENVIRONMENTS = "slipway-project", "slipway-environment"
_REMEDY = "Configure it, or correct the name."

Documents = Mapping[str, Mapping[str, Any]]
"""The fields of blocks, by the names of the blocks."""


class Configured:
    """The projects and environments; safe between threads.

    Args:
        api: A client that asks once and does not wait for long.
        clock: Returns the time of a clock that nobody sets.
    """

    def __init__(self, api: SlipwayApi, clock: Callable[[], float]) -> None:
        self._api, self._clock = api, clock
        self._reading = threading.Lock()
        self._known: tuple[Documents, Documents] | None = None
        self._due_at = -math.inf

    def names(self) -> list[str]:
        """Return the names of the projects, as far as they are known."""
        return sorted(self._documents()[0])

    def is_known(self) -> bool:
        """Tell whether the configuration is known."""
        self._documents()
        return self._known is not None

    def refuse_unknown(
        self, project: str = "", environment: str = "", kept: Sequence[str] = ()
    ) -> None:
        """Refuse names that are not configured, if that is known; ``kept`` are projects of old.

        Raises:
            NotFoundError: There is no such project or environment.
        """
        if not self.is_known():
            return
        projects, environments = self._documents()
        if project and project not in {*projects, *kept}:
            raise NotFoundError("project", project, [*projects, *kept], _REMEDY)
        if environment and environment not in environments:
            raise NotFoundError("environment", environment, list(environments), _REMEDY)

    def targets(self, places: Sequence[Place]) -> dict[Place, Target | SlipwayError]:
        """Return what is configured at each of ``places``, or what is wrong there."""
        if not self.is_known():
            return {}
        return {place: self._target(*place) for place in places}

    def secrets(self, project: str) -> set[str] | None:
        """Return every secret that a process of ``project`` may have; None if that is not known."""
        projects, environments = self._documents()
        if self._known is None or project not in projects:
            return None
        try:
            spec = _project(project, projects)
            shared = _environments(environments)
        except SlipwayError:
            return None
        values = [*spec.environments.values(), *shared.values()]
        secrets = [secret for each in values for secret in each.secrets.values()]
        return {secret.get_secret_value() for secret in (*secrets, *spec.credentials.values())}

    def _target(self, project: str, environment: str) -> Target | SlipwayError:
        projects, environments = self._documents()
        try:
            if project not in projects:
                raise NotFoundError("project", project, list(projects), _REMEDY)
            spec, known = _project(project, projects), _environments(environments)
            lineage(environment, known)
            return target_of(project, spec, environment, known)
        except SlipwayError as error:
            return error

    def _documents(self) -> tuple[Documents, Documents]:
        """Return the blocks; who asks while another reads them again takes those of before."""
        if self._clock() >= self._due_at and self._reading.acquire(blocking=self._known is None):
            try:
                if self._clock() >= self._due_at:
                    self._read()
            finally:
                self._reading.release()
        return self._known or ({}, {})

    def _read(self) -> None:
        pause_seconds = AWAY_SECONDS
        with suppress(ApiError, httpx.HTTPStatusError):
            self._known = (self._blocks(_PROJECTS), self._blocks(_ENVIRONMENTS))
            pause_seconds = FRESH_SECONDS
        self._due_at = self._clock() + pause_seconds

    def _blocks(self, slug: str) -> Documents:
        path = f"/block_types/slug/{slug}/block_documents?include_secrets=true"
        blocks = self._api.call("GET", path)
        return {block["name"]: block["data"] for block in blocks if block["name"]}


def _project(name: str, projects: Documents) -> ProjectSpec:
    return checked(ProjectSpec, spec_fields(projects[name]), f"projects.{name}")


def _environments(environments: Documents) -> dict[str, EnvironmentSpec]:
    return {
        name: checked(EnvironmentSpec, fields, f"environments.{name}")
        for name, fields in environments.items()
    }
