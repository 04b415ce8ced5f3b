"""Estimates of a step from its history, published by analytics and read by planning."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median

from tasks.workload import Step

DEFAULT_SECONDS = 5.0
# The factor by which an assumed duration is exceeded one time in ten.
_NINETIETH_FACTOR = 2


@dataclass(frozen=True, slots=True)
class Estimate:
    """Quantiles of one key on one kind of provider, learnt from ``n`` runs.

    ``source`` says where they come from: ``trained`` (published by analytics), ``history`` (read
    straight from the ledger's timings), ``siblings`` (history of other members of the matrix),
    ``declared`` (what the user expects) or ``default`` (nothing is known). ``p80_seconds`` and ``p95_seconds`` are None if only the other two are known.
    ``rule`` names the method that forecast the median, and ``why`` says what makes it fail and what
    would help, if known. ``kind`` is the kind of provider it was learnt on, and ``others`` are the
    estimates of the same key on other kinds; both are empty if there is only one kind.
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
        """The ratio of the 80th percentile to the median; without it, of the 90th."""
        late = self.p90_seconds if self.p80_seconds is None else self.p80_seconds
        return max(1.0, late / self.p50_seconds) if self.p50_seconds > 0 else 1.0

    def on(self, kind: str) -> Estimate:
        """Return the estimate on that kind of provider; this one if that is not known."""
        return next((other for other in self.others if other.kind == kind), self)


Estimates = Mapping[str, Estimate]


def estimate_of(step: Step, estimates: Estimates) -> Estimate:
    """Return the estimate of ``step``: of its own key plus, if it has any, of its items.

    An item without history counts as long as the average of the known ones.
    """
    own = estimates.get(step.history_key)
    item_estimates = [estimates[item] for item in step.items if item in estimates]
    if not item_estimates:
        return own or _assumed(step)
    whole = _summed(step, own, item_estimates)
    kinds = {other.kind for part in item_estimates for other in part.others}
    if not kinds:
        return whole
    others = tuple(
        replace(
            _summed(step, own and own.on(kind), [part.on(kind) for part in item_estimates]),
            kind=kind,
        )
        for kind in sorted(kinds)
    )
    return replace(whole, kind=item_estimates[0].kind, others=others)


def with_siblings(steps: Sequence[Step], estimates: Estimates) -> Estimates:
    """Return ``estimates`` with those of members of a matrix that only other members tell.

    A member without history is taken to last as the others do: half of them last no longer, and
    none is later. It counts as learnt from no run, so that nothing but plans relies on it.
    """
    groups: dict[str, list[Estimate]] = defaultdict(list)
    for step in steps:
        if step.matrix and step.history_key in estimates:
            groups[step.group].append(estimates[step.history_key])
    of_siblings = {
        step.history_key: _like(step.history_key, groups[step.group])
        for step in steps
        if step.matrix and step.expected_seconds is None and step.group in groups
    }
    return {**of_siblings, **estimates}


def _like(key: str, siblings: Sequence[Estimate]) -> Estimate:
    kinds = sorted({other.kind for sibling in siblings for other in sibling.others})
    others = tuple(_of_siblings(key, [each.on(kind) for each in siblings], kind) for kind in kinds)
    return replace(_of_siblings(key, siblings, siblings[0].kind), others=others)


def _of_siblings(key: str, siblings: Sequence[Estimate], kind: str) -> Estimate:
    return Estimate(
        key,
        p50_seconds=median(each.p50_seconds for each in siblings),
        p90_seconds=max(each.p90_seconds for each in siblings),
        memory_mib=max(each.memory_mib for each in siblings),
        success=median(each.success for each in siblings),
        source="siblings",
        kind=kind,
    )


def _summed(step: Step, own: Estimate | None, item_estimates: list[Estimate]) -> Estimate:
    scale = len(step.items) / len(item_estimates)
    parts = item_estimates if own is None else [*item_estimates, own]
    start_up = (own.p50_seconds, own.p90_seconds) if own else (0.0, 0.0)
    return Estimate(
        step.history_key,
        p50_seconds=start_up[0] + scale * sum(item.p50_seconds for item in item_estimates),
        p90_seconds=start_up[1] + scale * sum(item.p90_seconds for item in item_estimates),
        memory_mib=max(part.memory_mib for part in parts),
        success=min(part.success for part in parts),
        n=min(part.n for part in parts),
        source=item_estimates[0].source,
    )


def _assumed(step: Step) -> Estimate:
    if step.expected_seconds is None:
        return Estimate(step.history_key, DEFAULT_SECONDS, DEFAULT_SECONDS * _NINETIETH_FACTOR)
    declared = step.expected_seconds
    return Estimate(step.history_key, declared, declared * _NINETIETH_FACTOR, source="declared")
