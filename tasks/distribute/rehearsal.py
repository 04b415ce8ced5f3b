"""The loop of ``simulate`` for lanes in plain Python: what takes no compiled code to be quick. Pure.

It does exactly what ``simulate_kernels.dispatched_on_lanes`` does; importing numba takes longer
than some hundred replays of a small workload here.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass
from math import inf

from tasks.distribute.lanes import Lanes
from tasks.distribute.placement import LOOKAHEAD, OVERRUN
from tasks.distribute.problem import Integers, Problem


@dataclass(frozen=True, slots=True, eq=False)
class Rehearsal:
    """A problem on lanes as lists: ``seconds`` by step and lane, who follows and how many wait for."""

    order: Sequence[int]
    seconds: Sequence[Sequence[float]]
    followers: Sequence[Sequence[int]]
    needs: Sequence[int]

    @classmethod
    def of(cls, problem: Problem, lanes: Lanes, order: Integers) -> Rehearsal:
        """Return it ready to be run again and again in that order."""
        starts = problem.followers_start.tolist()
        follow = problem.followers.tolist()
        return cls(
            order.tolist(),
            lanes.seconds[:, lanes.kind].tolist(),
            [follow[starts[step] : starts[step + 1]] for step in range(problem.steps)],
            (problem.needs_start[1:] - problem.needs_start[:-1]).tolist(),
        )

    def makespan(self, factor: Sequence[float]) -> float:
        """Return when all has ended where a step takes ``factor`` times as expected."""
        rank = {step: position for position, step in enumerate(self.order)}
        waits = list(self.needs)
        ready = [position for position, step in enumerate(self.order) if not waits[step]]
        runs: dict[int, tuple[int, float, float]] = {}  # by lane: step, start, end
        lanes, now, ended = len(self.seconds[0]), 0.0, 0
        while ended < len(waits):
            for lane, step in self._started(ready, runs, lanes, now):
                runs[lane] = (step, now, now + self.seconds[step][lane] * factor[step])
            now = min(end for _, _, end in runs.values())
            for lane in [lane for lane, run in runs.items() if run[2] <= now]:
                ended += 1
                for follower in self.followers[runs.pop(lane)[0]]:
                    waits[follower] -= 1
                    if not waits[follower]:
                        insort(ready, rank[follower])
        return now

    def _started(
        self, ready: list[int], runs: dict[int, tuple[int, float, float]], lanes: int, now: float
    ) -> list[tuple[int, int]]:
        """Take from ``ready`` what starts now; return it with its lane."""
        board = [self._free_at(runs.get(lane), lane, now) for lane in range(lanes)]
        idle, looked, started = lanes - len(runs), 0, list[tuple[int, int]]()
        busy = set(runs)
        while looked < len(ready) and (idle > 0 or looked < LOOKAHEAD):
            step = self.order[ready[looked]]
            best, chosen = inf, -1
            for lane, takes in enumerate(self.seconds[step]):
                if board[lane] + takes < best:
                    best, chosen = board[lane] + takes, lane
            board[chosen] = best
            if chosen in busy:
                looked += 1
                continue
            started.append((chosen, step))
            busy.add(chosen)
            idle -= 1
            del ready[looked]
        return started

    def _free_at(self, run: tuple[int, float, float] | None, lane: int, now: float) -> float:
        if run is None:
            return now
        step, start, _ = run
        so_far = now - start
        return now + max(self.seconds[step][lane] - so_far, OVERRUN * so_far)
