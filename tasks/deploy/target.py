"""Where to deploy, and how patiently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class DeployTarget:
    """Where to deploy: a project's environment, and the front ports its services answer on."""

    project: str
    environment: str
    host: str = "127.0.0.1"
    first_port: int = 8300
    slots: int = 32


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient a rollout is; a gate is passed by ``in_a_row`` healthy answers a replica.

    Where no ``health_timeout_seconds`` or ``drain_seconds`` are given, those of the services
    count: the longest of them.
    """

    in_a_row: int = 3
    pause_seconds: float = 0.1
    health_timeout_seconds: float | None = None
    drain_seconds: float | None = None
    grace_seconds: float = 10.0
    lease_seconds: float = 15.0
