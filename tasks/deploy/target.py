"""The target of a deploy, and the pace of its rollout: time-outs, pauses and counts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeployTarget:
    """Where to deploy: a project's environment, and the public ports its services answer on."""

    project: str
    environment: str
    host: str = "127.0.0.1"
    first_port: int = 8300
    slots: int = 32


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of a rollout; a gate is passed by ``in_a_row`` healthy answers of each replica.

    ``health_timeout_seconds`` and ``drain_seconds`` default to the longest of the services.
    """

    in_a_row: int = 3
    pause_seconds: float = 0.1
    health_timeout_seconds: float | None = None
    drain_seconds: float | None = None
    grace_seconds: float = 10.0
    lease_seconds: float = 15.0
