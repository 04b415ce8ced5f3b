"""What history expects of a step; published by analytics, read by everything that plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from tasks.workload import Step

DEFAULT_SECONDS = 5.0
# What is only assumed is exceeded by so much one time in ten.
_RARELY = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """Quantiles of one key on one kind of provider, learnt from ``n`` runs.

    ``source`` says where they come from: ``trained`` (published by analytics), ``history`` (read
    straight from the ledger's timings), ``declared`` (what the user expects) or ``default`` (nothing
    is known). ``p80_seconds`` and ``p95_seconds`` are None where only the other two are known.
    ``rule`` names what the middle was forecast by, and ``why`` what makes it fail and what would
    lower that, where it is known. ``kind`` is the kind of provider it was learnt on, and ``others``
    are the estimates of the same key on others; both are empty where there is but one kind.
    """

    key: str
    p50_seconds: float
    p90_seconds: float
    memory_mib: float = 0.0
    success: float = 1.0
    n: int = 0
    source: str = "default"
    p80_seconds: float | None = None
    p95_seconds: float | None = None
    rule: str = ""
    why: str = ""
    kind: str = ""
    others: tuple[Estimate, ...] = ()

    @property
    def late_factor(self) -> float:
        """By what the 80th percentile is longer than the median; without it, the 90th."""
        late = self.p90_seconds if self.p80_seconds is None else self.p80_seconds
        return max(1.0, late / self.p50_seconds) if self.p50_seconds > 0 else 1.0

    def on(self, kind: str) -> Estimate:
        """Return what is expected on that kind of provider; this one where that is not known."""
        return next((other for other in self.others if other.kind == kind), self)


Estimates = Mapping[str, Estimate]


def estimate_of(step: Step, estimates: Estimates) -> Estimate:
    """Return what ``step`` is expected to take: its own key plus, where it has them, its items.

    An item without history is taken to last as long as the known ones do on average.
    """
    own = estimates.get(step.history_key)
    known = [estimates[item] for item in step.items if item in estimates]
    if not known:
        return own or _assumed(step)
    whole = _summed(step, own, known)
    kinds = {other.kind for part in known for other in part.others}
    if not kinds:
        return whole
    others = tuple(
        replace(_summed(step, own and own.on(kind), [part.on(kind) for part in known]), kind=kind)
        for kind in sorted(kinds)
    )
    return replace(whole, kind=known[0].kind, others=others)


def _summed(step: Step, own: Estimate | None, known: list[Estimate]) -> Estimate:
    scale = len(step.items) / len(known)
    parts = known if own is None else [*known, own]
    start_up = (own.p50_seconds, own.p90_seconds) if own else (0.0, 0.0)
    return Estimate(
        step.history_key,
        p50_seconds=start_up[0] + scale * sum(item.p50_seconds for item in known),
        p90_seconds=start_up[1] + scale * sum(item.p90_seconds for item in known),
        memory_mib=max(part.memory_mib for part in parts),
        success=min(part.success for part in parts),
        n=min(part.n for part in parts),
        source=known[0].source,
    )


def _assumed(step: Step) -> Estimate:
    if step.expected_seconds is None:
        return Estimate(step.history_key, DEFAULT_SECONDS, DEFAULT_SECONDS * _RARELY)
    declared = step.expected_seconds
    return Estimate(step.history_key, declared, declared * _RARELY, source="declared")
