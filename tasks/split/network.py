"""The needs of steps as a network of numbers, with topological order, cycles and ancestors; pure.

Everything here is linear in steps and needs, so that 100,000 steps take a moment; only
``Ancestry`` may cost more, and does so in chunks of a fixed size.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tasks.workload import Step

# The number of ancestors that are followed at once, one bit each.
_CHUNK = 2048


@dataclass(frozen=True, slots=True)
class Network:
    """Steps by number: ``needs`` and ``followers`` hold numbers, each once, in given order."""

    ids: tuple[str, ...]
    number: Mapping[str, int]
    needs: tuple[tuple[int, ...], ...]
    followers: tuple[list[int], ...]

    @property
    def arcs(self) -> int:
        """The number of needs."""
        return sum(map(len, self.needs))


def network(steps: Sequence[Step]) -> Network:
    """Return the network of ``steps``, whose needs are all among them."""
    ids = tuple(step.id for step in steps)
    number = {step_id: index for index, step_id in enumerate(ids)}
    needs = tuple(tuple(dict.fromkeys(number[need] for need in step.needs)) for step in steps)
    followers: tuple[list[int], ...] = tuple([] for _ in ids)
    for index, needed in enumerate(needs):
        for need in needed:
            followers[need].append(index)
    return Network(ids, number, needs, followers)


def topological(net: Network) -> list[int]:
    """Return the numbers, needs first, else as given (Kahn, 1962); without those behind a cycle."""
    waits = [len(needed) for needed in net.needs]
    queue = deque(index for index, count in enumerate(waits) if not count)
    ordered: list[int] = []
    while queue:
        index = queue.popleft()
        ordered.append(index)
        for follower in net.followers[index]:
            waits[follower] -= 1
            if not waits[follower]:
                queue.append(follower)
    return ordered


def cycle(net: Network, ordered: Collection[int]) -> list[int]:
    """Return a cycle among the steps not ``ordered``: each needs the next, the last is the first.

    It is the shortest cycle through the step at which it is entered.
    """
    settled = bytearray(len(net.ids))
    for index in ordered:
        settled[index] = 1
    # Each step that is not settled has a need that is not, so following these closes a cycle.
    visited = bytearray(len(net.ids))
    entered = next(index for index, done in enumerate(settled) if not done)
    while not visited[entered]:
        visited[entered] = 1
        entered = next(need for need in net.needs[entered] if not settled[need])
    return _shortest_back(net, settled, entered)


def _shortest_back(net: Network, settled: bytearray, start: int) -> list[int]:
    reached_from: dict[int, int] = {}
    queue = deque([start])
    while start not in reached_from:
        index = queue.popleft()
        for need in net.needs[index]:
            if not settled[need] and need not in reached_from:
                reached_from[need] = index
                queue.append(need)
    path = [start, reached_from[start]]
    while path[-1] != start:
        path.append(reached_from[path[-1]])
    return path[::-1]


def closure(neighbours: Sequence[Iterable[int]], start: int) -> set[int]:
    """Return all numbers reachable from ``start`` over ``neighbours``, without itself."""
    reached: set[int] = set()
    stack = [start]
    while stack:
        for other in neighbours[stack.pop()]:
            if other not in reached:
                reached.add(other)
                stack.append(other)
    return reached


class Ancestry:
    """Answers many questions of the kind: does this step depend on that one?

    Sets of ancestors are the bits of integers, for one chunk of ancestors at a time, and only over
    the part of the order between them and the steps that ask.
    """

    def __init__(self, net: Network, ordered: Sequence[int]) -> None:
        self._net, self._ordered = net, ordered
        self._place = [0] * len(net.ids)
        for place, index in enumerate(ordered):
            self._place[index] = place

    def depends(self, queries: Mapping[int, Collection[int]]) -> dict[int, set[int]]:
        """Return for each number in ``queries`` those of its targets that are its ancestors."""
        direct = {
            index: set(self._net.needs[index]).intersection(queries[index]) for index in queries
        }
        remaining = {i: set(targets) - direct[i] for i, targets in queries.items()}
        for index, indirect in self.through_needs(remaining).items():
            direct[index] |= indirect
        return direct

    def through_needs(self, queries: Mapping[int, Collection[int]]) -> dict[int, set[int]]:
        """As ``depends``, for ancestors that are reached over at least one step in between."""
        ancestors: dict[int, set[int]] = {index: set() for index in queries}
        askers: dict[int, list[int]] = {}
        for index, targets in queries.items():
            for target in targets:
                if self._place[target] < self._place[index]:
                    askers.setdefault(target, []).append(index)
        targets = sorted(askers, key=self._place.__getitem__)
        for begin in range(0, len(targets), _CHUNK):
            chunk = targets[begin : begin + _CHUNK]
            for index, target in self._chunk(chunk, askers):
                ancestors[index].add(target)
        return ancestors

    def _chunk(
        self, chunk: Sequence[int], askers: Mapping[int, Sequence[int]]
    ) -> Iterator[tuple[int, int]]:
        bit = {target: 1 << position for position, target in enumerate(chunk)}
        last = max(self._place[index] for target in chunk for index in askers[target])
        above: dict[int, int] = {}
        for index in self._ordered[self._place[chunk[0]] : last + 1]:
            mask = 0
            for need in self._net.needs[index]:
                mask |= above.get(need, 0) | bit.get(need, 0)
            if mask:
                above[index] = mask
        for target in chunk:
            for index in askers[target]:
                if any(above.get(need, 0) & bit[target] for need in self._net.needs[index]):
                    yield index, target
