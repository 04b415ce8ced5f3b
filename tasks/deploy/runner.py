"""The interface through which a deploy builds, starts and stops releases; the launcher has it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from blocks.project_spec import ServiceSpec
from tasks.release import Instance, InstanceState, Release


class HealthAnswer(Protocol):
    """Whether one instance is healthy, and what it answered."""

    @property
    def instance(self) -> Instance:
        """The instance that was asked."""
        ...

    @property
    def ok(self) -> bool:
        """Whether it is healthy."""
        ...

    @property
    def detail(self) -> str:
        """What it answered, in words."""
        ...

    @property
    def final(self) -> bool:
        """Whether it will never be healthy: it has ended, or keeps ending."""
        ...


class ReleaseRunner(Protocol):
    """Builds, starts, asks and stops releases of one project in one environment."""

    def locked(self) -> AbstractContextManager[None]:
        """Hold the lock on starting, routing and stopping there; wait until it is free."""
        ...

    def build(self, version: str) -> Release:
        """Return the release of ``version``; it is recorded in the ledger."""
        ...

    def services(self, release: Release) -> Mapping[str, ServiceSpec]:
        """Return the services of ``release`` by name."""
        ...

    def prepare(self, release: Release) -> None:
        """Run the commands that have to succeed before ``release`` serves, each once."""
        ...

    def start(
        self,
        release: Release,
        state: InstanceState = InstanceState.STARTING,
        *,
        fresh: bool = False,
    ) -> list[Instance]:
        """Start all services of ``release``; each instance is recorded before its process is.

        ``fresh``: start them beside instances of that release that run, and adopt none of these.
        """
        ...

    def healthy(self, instances: list[Instance], timeout_seconds: float) -> Sequence[HealthAnswer]:
        """Return the health of every instance; wait for each to become healthy or time out."""
        ...

    def stop(self, instances: list[Instance], grace_seconds: float) -> None:
        """Stop ``instances``: processes gone, ports released, recorded as stopped."""
        ...
