"""The effects that a rollout asks for, and the observations it gets in return, as values.

Instances are given by id, releases by digest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from pydantic import AliasChoices, Field


@dataclass(frozen=True, slots=True)
class Route:
    """The upstreams (``host:port``) of a service's public port before and after the rollout."""

    service: str
    public_port: Annotated[
        int, Field(validation_alias=AliasChoices("public_port", "front_port"))
    ]  # rollouts of earlier versions are recorded with `front_port`
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildRelease:
    """Build that version; a rollout of a given release begins without this."""

    version: str


@dataclass(frozen=True, slots=True)
class Survey:
    """Look at what serves, and what is warm."""


@dataclass(frozen=True, slots=True)
class RunBefore:
    """Run the commands that have to succeed before that release serves, each once."""

    release: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start that release beside the one that serves."""

    release: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Check whether these are healthy: several times in a row, or just once."""

    instances: tuple[str, ...]
    once: bool = False


@dataclass(frozen=True, slots=True)
class Shift:
    """Move the traffic along ``routes``; then ``arriving`` serve and ``leaving`` drain."""

    routes: tuple[Route, ...]
    arriving: tuple[str, ...]
    leaving: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Drain:
    """Wait until these have answered their requests in flight."""

    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retire:
    """Record which instances run and which stay warm, and stop the rest."""

    running: tuple[str, ...]
    warm: tuple[str, ...]
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """Restore ``routes``, have ``serving`` serve, stop ``stop``, forget the release ``forget``."""

    routes: tuple[Route, ...]
    serving: tuple[str, ...]
    warm: tuple[str, ...]
    stop: tuple[str, ...]
    forget: str


@dataclass(frozen=True, slots=True)
class Nothing:
    """The rollout is over."""


Effect = BuildRelease | Survey | RunBefore | Start | Gate | Shift | Drain | Retire | Undo | Nothing


@dataclass(frozen=True, slots=True)
class Built:
    """The release; ``fresh`` when it did not exist before."""

    release: str
    version: str
    fresh: bool


@dataclass(frozen=True, slots=True)
class Surveyed:
    """What ran: ``adoptable`` are the warm instances of the release that is to come.

    ``keep_warm`` is False for what must not run beside its successor (a worker that takes no
    traffic would go on working) and for what is dead already.
    """

    release: str
    version: str
    serving: tuple[str, ...]
    warm: tuple[str, ...]
    adoptable: tuple[str, ...]
    keep_warm: bool


@dataclass(frozen=True, slots=True)
class BeforeRan:
    """The commands before serving have succeeded."""


@dataclass(frozen=True, slots=True)
class Started:
    """The new instances."""

    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Passed:
    """All are healthy; the traffic may move along ``routes``."""

    routes: tuple[Route, ...]


@dataclass(frozen=True, slots=True)
class GateRefused:
    """Some instances are not healthy; ``reason`` says which and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Shifted:
    """New requests reach the new release."""


@dataclass(frozen=True, slots=True)
class TrafficDrained:
    """No request is in flight any more, or the time for them is up (``quiet`` is False)."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class Retired:
    """The states of all instances are recorded, and the rest is stopped."""


@dataclass(frozen=True, slots=True)
class Undone:
    """Everything is as before."""


@dataclass(frozen=True, slots=True)
class Failed:
    """An effect raised; ``fresh`` are the instances it had started by then."""

    reason: str
    fresh: tuple[str, ...] = ()


Observation = (
    Built
    | Surveyed
    | BeforeRan
    | Started
    | Passed
    | GateRefused
    | Shifted
    | TrafficDrained
    | Retired
    | Undone
    | Failed
)
