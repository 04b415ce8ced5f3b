"""The report of a split."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from tasks.estimates import Estimate
from tasks.split.report import split_report
from tasks.workload import SplitDecision, Step, StepGraph


def graph(*steps: Step, alternatives: tuple[tuple[int, float], ...] = ()) -> StepGraph:
    """A graph of those steps."""
    return StepGraph("p", "w", steps, SplitDecision(len(steps), "Because.", alternatives))


def step(name: str, *needs: str, when: str = "", items: tuple[str, ...] = ()) -> Step:
    """A step that does nothing."""
    return Step(name, ("x",), Path("/"), name, needs=needs, when=when, items=items)


def test_shards_show_the_reason_and_what_else_was_considered() -> None:
    """A user could not tell why there are as many."""
    shards = [step("shard-1", items=("a", "b")), step("shard-2", items=("c",))]
    text = split_report(graph(*shards, alternatives=((1, 9.0), (2, 5.0))), {})
    assert "Because." in text
    assert "| 1 | 9.0 s |\n| 2 (chosen) | 5.0 s |" in text
    assert "| shard-1 | 2 |\n| shard-2 | 1 |" in text
    assert "mermaid" not in text


def test_needs_are_drawn_under_names_that_mermaid_can_read() -> None:
    """An id such as `end` or `a.b` would break the picture."""
    text = split_report(graph(step("end"), step("a.b", "end"), step("c", "a.b", when="true")), {})
    assert '  s0["end"]\n  s1["a.b"]\n  s0 --> s1\n  s2["c"]\n  s1 -. when .-> s2\n```' in text


def test_a_large_graph_is_cut() -> None:
    """Thousands of nodes would freeze the browser."""
    text = split_report(graph(step("s0"), *(step(f"s{n}", "s0") for n in range(1, 100))), {})
    assert text.count("-->") == 59
    assert "and 40 more" in text


def test_what_the_needs_allow_is_told_with_the_durations_of_history() -> None:
    """The report would show a graph, and not what its shape costs."""
    slow = {"a": Estimate("a", 30.0, 40.0, source="history")}
    text = split_report(graph(step("a"), step("b", "a"), step("c", "a")), slow)
    assert "| 3 | 2 | 40.0 s | 35.0 s | 1.1 | 2 |" in text
    assert "- 2 of 3 durations are assumed" in text


def test_a_matrix_is_one_node_and_a_list_says_that_it_will_be_several() -> None:
    """Thousands of arrows between two matrices would break the picture."""
    family = [replace(step(f"{name}[{n}]"), group=name) for name in "ab" for n in range(30)]
    needing = [replace(s, needs=tuple(f"a[{n}]" for n in range(30))) for s in family[30:]]
    text = split_report(graph(*family[:30], *needing, replace(step("c", "b[1]"), foreach="x")), {})
    assert (
        '  s0["a (30)"]\n  s1["b (30)"]\n  s0 --> s1\n  s2["c for each item"]\n  s1 --> s2' in text
    )
