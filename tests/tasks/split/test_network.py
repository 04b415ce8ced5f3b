"""Steps as numbers: order, cycles and ancestors."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.split import network as module
from tasks.split.network import Ancestry, Network, closure, cycle, network, topological
from tasks.workload import Step

NEEDS = st.lists(st.sets(st.integers(0, 25), max_size=4), max_size=26)


def net_of(needs: list[set[int]]) -> Network:
    """The network in which step n has those needs, of which those that exist count."""
    return network(
        [
            Step(str(n), ("true",), Path("/"), "", needs=tuple(map(str, sorted(step_needs))))
            for n, step_needs in enumerate(
                {n for n in step_needs if n < len(needs)} for step_needs in needs
            )
        ]
    )


@given(NEEDS)
def test_what_cannot_be_ordered_holds_a_cycle(needs: list[set[int]]) -> None:
    """A cycle would be reported that is none, or the search for it never end."""
    net = net_of(needs)
    ordered = topological(net)
    if len(ordered) == len(needs):
        assert all(
            ordered.index(need) < ordered.index(n) for n, ws in enumerate(net.needs) for need in ws
        )
        return
    shortest = cycle(net, ordered)
    assert shortest[0] == shortest[-1]
    assert len(set(shortest)) == len(shortest) - 1
    assert all(need in net.needs[step] for step, need in pairwise(shortest))


@pytest.mark.integration
def test_a_cycle_of_100_000_is_found_at_once() -> None:
    """A search that looks back at every step would take an hour."""
    count = 100_000
    net = network(
        [
            Step(str(n), ("true",), Path("/"), "", needs=(str((n + 1) % count),))
            for n in range(count)
        ]
    )
    assert cycle(net, topological(net)) == [*range(count), 0]


@given(NEEDS)
def test_ancestors_are_those_that_a_search_finds(needs: list[set[int]]) -> None:
    """A sound condition would be refused, or one accepted that is decided too early."""
    net = net_of([{need for need in step_needs if need < n} for n, step_needs in enumerate(needs)])
    count = range(len(net.ids))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CHUNK", 3)  # so that there are several
        ancestry = Ancestry(net, topological(net))
        assert ancestry.depends(dict.fromkeys(count, count)) == {
            n: closure(net.needs, n) for n in count
        }
        assert ancestry.through_needs(dict.fromkeys(count, count)) == {
            n: {far for need in net.needs[n] for far in closure(net.needs, need)} for n in count
        }
