"""Tests of what the cache by inputs gives, and of the reasons why it does not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from tasks.ledger.connection import Ledger
from tasks.reuse.cache import from_cache, record_outcomes
from tasks.reuse.step_keys import StepKeys, Surroundings
from tasks.reuse.taken import Reuse, Taken
from tests.tasks.planning.fakes import GOOD, graph_of, step

LINT = replace(step("lint"), inputs=("*.py",))
GRAPH = graph_of(LINT, step("other"))


def keys(files: Mapping[str, str], project: str = "shop") -> StepKeys:
    """Return the keys of the graph, where the step has read those files."""
    return StepKeys(GRAPH, {"lint": files}, {}, Surroundings(project, {}, "", b"seal"))


def reused(ledger: Ledger, files: Mapping[str, str], *, refresh: bool = False) -> Reuse:
    """Return what is taken for those files."""
    return from_cache(GRAPH, keys(files), ledger, refresh=refresh)


def test_an_outcome_is_taken_for_the_same_files_only(ledger: Ledger) -> None:
    """The cache would be of no use, or hand out what was made from other files."""
    one = {"a.py": "1", "b.py": "1"}
    first = reused(ledger, one)
    assert (dict(first.taken), dict(first.reasons), first.take(LINT)) == ({}, {}, None)
    record_outcomes(ledger, keys(one), "shop", "w1", [(LINT, GOOD), (GRAPH.step("other"), GOOD)])
    reuse = reused(ledger, one)
    why = "cached: inputs unchanged since run w1 of 1970-01-01 00:00:01 UTC"
    assert (dict(reuse.taken), set(reuse.left_out)) == ({"lint": why}, {"lint"})
    assert reuse.take(LINT) == Taken(GOOD, why)
    assert reuse.take(GRAPH.step("other")) is None
    changed = reused(ledger, {"a.py": "2", "c.py": "1"})
    assert changed.reasons == {"lint": "inputs changed: 3 files (a.py, b.py, c.py)"}
    assert changed.take(LINT) is None
    other = from_cache(GRAPH, keys(one, "other"), ledger, refresh=False)
    assert "its command" in other.reasons["lint"]
    refreshed = reused(ledger, one, refresh=True)
    assert (refreshed.take(LINT), dict(refreshed.taken)) == (None, {})


def test_what_one_takes_first_is_not_a_reason_of_the_other() -> None:
    """The plan would say of one step that it is taken and that it runs."""
    first = Reuse(lambda _: None, {"a": "taken"}, frozenset("a"), {"b": "it failed"}, source="run")
    second = Reuse(
        lambda each: Taken(GOOD, "cached") if each.id == "b" else None,
        {"b": "cached"},
        frozenset("b"),
        {"a": "inputs changed", "c": "`refresh` was asked for"},
    )
    both = first.before(second)
    assert both.taken == {"a": "taken", "b": "cached"}
    assert both.reasons == {"c": "`refresh` was asked for"}
    assert (set(both.left_out), both.source) == ({"a", "b"}, "run")
    assert both.take(step("b")) == Taken(GOOD, "cached")
