"""What a rollout asks to be done, and what it is told in return: values, no more.

Instances are given by id, releases by digest.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Route:
    """Where the front port of a service leads (``host:port``) before and after the rollout."""

    service: str
    front_port: int
    before: tuple[str, ...]
    after: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class BuildRelease:
    """Build that version; a rollout that is given its release begins without this."""

    version: str


@dataclass(frozen=True, slots=True)
class Survey:
    """Look at what serves, and what is warm."""


@dataclass(frozen=True, slots=True)
class RunBefore:
    """Run what has to succeed before that release serves; what has is not repeated."""

    release: str


@dataclass(frozen=True, slots=True)
class Start:
    """Start that release beside what serves."""

    release: str


@dataclass(frozen=True, slots=True)
class Gate:
    """Find out whether these are healthy: several times in a row, or just once."""

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
    """Wait until these have answered the requests they hold."""

    instances: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Retire:
    """Settle what everything is from now on."""

    running: tuple[str, ...]
    warm: tuple[str, ...]
    stop: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Undo:
    """Lead ``routes`` back, let ``serving`` serve, stop ``stop``, forget the release ``forget``."""

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
    """What had to succeed has."""


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
    """Some are not healthy, and why."""

    reason: str


@dataclass(frozen=True, slots=True)
class Shifted:
    """New requests reach the new release."""


@dataclass(frozen=True, slots=True)
class TrafficDrained:
    """Nothing is in flight any more, or the time for it is up (``quiet`` is False)."""

    quiet: bool


@dataclass(frozen=True, slots=True)
class Retired:
    """Everything is what it is to be."""


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
