"""Claims on a provider's capacity, and the answers that admission gives."""

from __future__ import annotations

from dataclasses import dataclass

from blocks.providers.interface import Resources


@dataclass(frozen=True, slots=True)
class Claim:
    """A demand on one provider by ``owner`` (``<workload id>/<step id>``).

    ``priority``: higher is served first. ``fence`` is the epoch of the owner's workload lease.
    ``expected_seconds`` is used for the ETA of waiting claims; ``late_seconds`` is its 80th
    percentile, if known: it passes other claims only if it ends by then. ``passes`` and ``yields``
    are owners of claims of the same workload that are less and more urgent, however long any of
    them has waited.
    """

    owner: str
    provider: str
    demand: Resources
    fence: int
    priority: int = 0
    expected_seconds: float = 0.0
    late_seconds: float = 0.0
    passes: frozenset[str] = frozenset()
    yields: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Granted:
    """The claim was granted: capacity until ``lease_until`` (epoch seconds) unless renewed."""

    allocation_id: int
    provider: str
    fence: int
    lease_until: float


@dataclass(frozen=True, slots=True)
class Queued:
    """The claim waits: position in the queue (1 is next), the reason, and the estimated wait."""

    position: int
    reason: str
    eta_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Refused:
    """The claim can never fit; ``conflict`` says why."""

    conflict: str


AdmissionDecision = Granted | Queued | Refused
