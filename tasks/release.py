"""Releases (built versions on disk) and instances (their processes), shared by all capabilities."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

BUILD_LOG = "build.log"
"""The file of a release that says which installer read which file."""


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

    @property
    def built_from(self) -> list[str]:
        """The lines of its build log: which installer read which file."""
        log = self.path / BUILD_LOG
        return log.read_text("utf-8").splitlines() if log.is_file() else []


class InstanceState(StrEnum):
    """The desired state of an instance; only its process tells whether it is in that state.

    ``STOPPING`` is recorded before a process is ended. Such an instance is never brought back: if
    its stopper dies, the next one ends what is left.
    """

    STARTING = "starting"
    RUNNING = "running"
    WARM = "warm"
    DRAINING = "draining"
    STOPPING = "stopping"
    STOPPED = "stopped"
    FAILED = "failed"


ENDED = frozenset({InstanceState.STOPPED, InstanceState.FAILED})
"""States of an instance that should have no process, and has none."""

LIVING = frozenset(InstanceState) - ENDED
"""States of an instance that may have a process."""

LEAVING = ENDED | {InstanceState.STOPPING}
"""States from which an instance never comes back."""


@dataclass(frozen=True, slots=True)
class Instance:
    """One replica of a service of a release in an environment.

    ``directory`` holds the shim's files (identity, log, exit record). ``port`` is None for a
    service that is not on the web. ``WARM`` is a replaced release kept for a rollback. ``owner``
    is the process (as one word) that is starting or ending it. ``configuration`` is what it was
    started with, secrets only as keyed digests. ``served_until`` is when its end began, if it
    served.
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
    owner: str = ""
    configuration: Mapping[str, Any] = field(default_factory=dict, hash=False, repr=False)
    served_until: float | None = None
