"""Critical-path analysis of a graph of steps, with unlimited providers; pure.

Critical path and slack as in Kelley and Walker, Critical-path planning and scheduling (1959);
the potential parallelism is the work over the critical path.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

from tasks.split.network import Ancestry, Network, closure, network, topological
from tasks.workload import StepGraph

# A slack below this fraction of the critical path is a rounding error.
_TOLERANCE = 1e-9


@dataclass(frozen=True, slots=True)
class Analysis:
    """The figures of one graph; durations are seconds at speed 1.

    ``profile`` are pairs of (seconds after the start, number of steps running from then on) where
    each step starts as soon as its needs have ended; the last pair has none running.
    ``slack_seconds`` is the delay of a step that does not delay the whole, by step id.
    ``redundant`` are pairs of (step, need) where other needs imply the need; ``levels`` is the
    number of steps in the longest chain.
    """

    steps: int
    needs: int
    levels: int
    work_seconds: float
    critical_seconds: float
    critical_path: tuple[str, ...]
    slack_seconds: Mapping[str, float]
    profile: tuple[tuple[float, int], ...]
    redundant: tuple[tuple[str, str], ...]

    @property
    def parallelism(self) -> float:
        """The number of providers that the work keeps busy on average, at most."""
        return self.work_seconds / self.critical_seconds if self.critical_seconds else 1.0

    @property
    def max_at_once(self) -> int:
        """The number of steps that run in parallel at the busiest moment."""
        return max((count for _, count in self.profile), default=0)

    def running(self, parts: int) -> list[int]:
        """Return the largest number of running steps in each of ``parts`` equal parts of the time."""
        most = [0] * parts
        end = self.critical_seconds or 1.0
        for (begin, count), (until, _) in zip(self.profile, self.profile[1:], strict=False):
            first = min(parts - 1, int(begin / end * parts))
            last = min(parts - 1, int(until / end * parts * (1 - _TOLERANCE)))
            for part in range(first, last + 1):
                most[part] = max(most[part], count)
        return most


def analyse(graph: StepGraph, seconds: Mapping[str, float]) -> Analysis:
    """Return the figures of ``graph``; ``seconds`` are the durations of its steps at speed 1."""
    net = network(graph.steps)
    durations = [seconds[step_id] for step_id in net.ids]
    starts, tails = _starts(net, durations), _tails(net, durations)
    longest = max((start + tail for start, tail in zip(starts, tails, strict=True)), default=0.0)
    slack = {
        step_id: _rounded(longest - start - tail, longest)
        for step_id, start, tail in zip(net.ids, starts, tails, strict=True)
    }
    return Analysis(
        steps=len(net.ids),
        needs=net.arcs,
        levels=round(max(_starts(net, [1.0] * len(net.ids)), default=-1)) + 1,
        work_seconds=sum(durations),
        critical_seconds=longest,
        critical_path=_critical_path(net, tails),
        slack_seconds=slack,
        profile=_profile(starts, durations),
        redundant=redundant_needs(graph),
    )


def ancestors(graph: StepGraph, step_id: str) -> tuple[str, ...]:
    """Return all steps that the step needs, directly or not, in the order of ``graph``."""
    net = network(graph.steps)
    return tuple(net.ids[n] for n in sorted(closure(net.needs, net.number[step_id])))


def descendants(graph: StepGraph, step_id: str) -> tuple[str, ...]:
    """Return all steps that need the step, directly or not, in the order of ``graph``."""
    net = network(graph.steps)
    return tuple(net.ids[n] for n in sorted(closure(net.followers, net.number[step_id])))


def redundant_needs(graph: StepGraph) -> tuple[tuple[str, str], ...]:
    """Return the pairs of (step, need) that could be left out: another need implies them.

    A step with a `when` implies none of its needs, as it may run although they have failed.
    """
    return _redundant(network([replace(s, needs=()) if s.when else s for s in graph.steps]))


def _starts(net: Network, durations: Sequence[float]) -> list[float]:
    """Return the earliest start of each step; the steps are in topological order."""
    starts = [0.0] * len(durations)
    for index, needs in enumerate(net.needs):
        if needs:
            starts[index] = max([starts[need] + durations[need] for need in needs])
    return starts


def _tails(net: Network, durations: Sequence[float]) -> list[float]:
    """Return the least time from the start of each step to the end of all."""
    tails = [0.0] * len(durations)
    for index in range(len(durations) - 1, -1, -1):
        after = max([tails[follower] for follower in net.followers[index]], default=0.0)
        tails[index] = durations[index] + after
    return tails


def _rounded(slack: float, longest: float) -> float:
    return slack if slack > longest * _TOLERANCE else 0.0


def _critical_path(net: Network, tails: Sequence[float]) -> tuple[str, ...]:
    path: list[str] = []
    choices: Sequence[int] = range(len(tails))
    while choices:
        index = max(choices, key=tails.__getitem__)
        path.append(net.ids[index])
        choices = net.followers[index]
    return tuple(path)


def _profile(starts: Sequence[float], durations: Sequence[float]) -> tuple[tuple[float, int], ...]:
    change: Counter[float] = Counter()
    for start, duration in zip(starts, durations, strict=True):
        if duration > 0:
            change[start] += 1
            change[start + duration] -= 1
    moments = sorted(change)
    counts = accumulate(change[moment] for moment in moments)
    return tuple(zip(moments, counts, strict=True))


def _redundant(net: Network) -> tuple[tuple[str, str], ...]:
    ordered = topological(net)
    level = _starts(net, [1.0] * len(net.ids))
    queries: dict[int, list[int]] = {}
    for index, needs in enumerate(net.needs):
        if len(needs) > 1:
            last = max([level[need] for need in needs])
            # An ancestor of another need has a second follower, and stands on a lower level.
            candidates = [n for n in needs if level[n] < last and len(net.followers[n]) > 1]
            if candidates:
                queries[index] = candidates
    ancestors_of = Ancestry(net, ordered).through_needs(queries)
    return tuple(
        (net.ids[index], net.ids[need])
        for index, candidates in queries.items()
        for need in candidates
        if need in ancestors_of[index]
    )
