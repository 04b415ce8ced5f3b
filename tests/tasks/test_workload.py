"""Tests of the graph of a workload."""

from __future__ import annotations

from tests.tasks.planning.fakes import graph_of, step


def test_a_graph_without_some_steps_keeps_the_order_of_the_others() -> None:
    """What needs a step that is taken over would be planned before what that step needs."""
    graph = graph_of(step("a"), step("b", "a"), step("c", "b", "a"), step("d", "b", "c"))
    rest = graph.without({"b"})
    assert {each.id: each.needs for each in rest.steps} == {
        "a": (),
        "c": ("a",),
        "d": ("a", "c"),
    }
    assert graph.without({"b", "c"}).step("d").needs == ("a",)
    assert graph.without(()) is graph
