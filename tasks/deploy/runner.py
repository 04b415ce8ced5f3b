"""What a deploy needs of whoever builds, starts and stops releases; the launcher fits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import Protocol

from blocks.project_spec import ServiceSpec
from tasks.release import Instance, InstanceState, Release


class HealthAnswer(Protocol):
    """Whether one instance is well, and if not, what it said."""

    @property
    def instance(self) -> Instance:
        """The instance that was asked."""
        ...

    @property
    def ok(self) -> bool:
        """Whether it is well."""
        ...

    @property
    def detail(self) -> str:
        """What it answered, in words."""
        ...

    @property
    def final(self) -> bool:
        """Whether it will never be well: it has ended, or keeps ending."""
        ...


class ReleaseRunner(Protocol):
    """Builds, starts, asks and stops releases of one project in one environment."""

    def alone(self) -> AbstractContextManager[None]:
        """Wait until nobody else starts, routes or condemns anything there, and be who does."""
        ...

    def build(self, version: str) -> Release:
        """Return the release of ``version``; it is recorded in the ledger."""
        ...

    def services(self, release: Release) -> Mapping[str, ServiceSpec]:
        """Return the services of ``release`` by name."""
        ...

    def prepare(self, release: Release) -> None:
        """Run what has to succeed before ``release`` serves; what has is not repeated."""
        ...

    def start(
        self,
        release: Release,
        state: InstanceState = InstanceState.STARTING,
        *,
        fresh: bool = False,
    ) -> list[Instance]:
        """Start all services of ``release``; each instance is recorded before its process is.

        ``fresh``: beside what runs of that release already, and without adopting any of it.
        """
        ...

    def healthy(self, instances: list[Instance], timeout_seconds: float) -> Sequence[HealthAnswer]:
        """Ask every instance; one that is not well yet may become so within the time."""
        ...

    def stop(self, instances: list[Instance], grace_seconds: float) -> None:
        """Stop ``instances``: processes gone, ports released, recorded as stopped."""
        ...
