"""A version on disk, and the processes that serve it: shared by launch, deploy, backup, observe."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Release:
    """One built version of a project; ``digest`` is of source, dependencies and toolchain."""

    project: str
    version: str
    digest: str
    path: Path
    kind: str
    built_at: float

    @property
    def source(self) -> Path:
        """The folder that holds its source tree."""
        return self.path / "source"


class InstanceState(StrEnum):
    """What an instance is meant to be; whether it is so is asked of the process itself."""

    STARTING = "starting"
    RUNNING = "running"
    WARM = "warm"
    DRAINING = "draining"
    STOPPED = "stopped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Instance:
    """One replica of a service of a release in an environment.

    ``directory`` holds the shim's files (identity, log, exit record). ``port`` is None for a
    service that is not on the web. ``WARM`` is a replaced release kept for a rollback.
    """

    id: str
    project: str
    environment: str
    service: str
    replica: int
    release: str
    version: str
    directory: Path
    host: str
    port: int | None
    state: InstanceState
    started_at: float
    health_path: str = ""
