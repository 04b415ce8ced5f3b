"""Critical-path analysis: critical path, slack, parallelism, and redundant needs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks.split.analysis import analyse, ancestors, descendants, redundant_needs
from tasks.workload import SplitDecision, Step, StepGraph


def graph_of(**needs: str) -> StepGraph:
    """The graph of those steps, in topological order, each with its needs as letters."""
    steps = [
        Step(n, ("true",), Path("/"), "", needs=tuple(step_needs))
        for n, step_needs in needs.items()
    ]
    return StepGraph("p", "w", tuple(steps), SplitDecision(len(steps), ""))


DIAMOND = graph_of(a="", b="a", c="a", d="bca", e="")
SECONDS = {"a": 1.0, "b": 5.0, "c": 2.0, "d": 1.0, "e": 3.0}


def test_the_figures_of_a_graph() -> None:
    """A user would be told of a parallelism, or a slack, that is not there."""
    analysis = analyse(DIAMOND, SECONDS)
    assert (analysis.steps, analysis.needs, analysis.levels) == (5, 5, 3)
    assert (analysis.work_seconds, analysis.critical_seconds) == (12.0, 7.0)
    assert analysis.critical_path == ("a", "b", "d")
    assert analysis.slack_seconds == {"a": 0.0, "b": 0.0, "c": 3.0, "d": 0.0, "e": 4.0}
    assert analysis.parallelism == 12 / 7


def test_the_profile_tells_how_many_could_run_at_each_moment() -> None:
    """It would not show that the end of a workload keeps one provider busy."""
    analysis = analyse(DIAMOND, SECONDS)
    assert analysis.profile == ((0.0, 2), (1.0, 3), (3.0, 1), (6.0, 1), (7.0, 0))
    assert analysis.max_at_once == 3
    assert analysis.running(7) == [2, 3, 3, 1, 1, 1, 1]


def test_what_takes_no_time_has_figures_as_well() -> None:
    """A workload without durations would divide by zero."""
    analysis = analyse(DIAMOND, dict.fromkeys("abcde", 0.0))
    assert (analysis.parallelism, analysis.max_at_once, set(analysis.slack_seconds.values())) == (
        1.0,
        0,
        {0.0},
    )
    assert analyse(graph_of(), {}).running(3) == [0, 0, 0]


def test_transitive_needs_are_found_both_ways() -> None:
    """What a failure takes with it would be told wrongly."""
    assert ancestors(DIAMOND, "d") == ("a", "b", "c")
    assert descendants(DIAMOND, "a") == ("b", "c", "d")
    assert ancestors(DIAMOND, "e") == descendants(DIAMOND, "e") == ()


def test_a_need_that_another_implies_is_named() -> None:
    """A need would be called superfluous that is not, or an arrow stay that says nothing."""
    assert redundant_needs(DIAMOND) == (("d", "a"),)
    assert redundant_needs(graph_of(a="", b="", c="ab")) == ()


def test_a_condition_implies_nothing() -> None:
    """A step would run although a need of it has failed, because an alarm about that has run."""
    a, b, c, d, _ = DIAMOND.steps
    alarm = [replace(step, when="!steps.a.succeeded") for step in (b, c)]
    assert redundant_needs(replace(DIAMOND, steps=(a, *alarm, d))) == ()
    assert redundant_needs(replace(DIAMOND, steps=(a, alarm[0], c, d))) == (("d", "a"),)
    late = replace(d, when="steps.a.succeeded")
    assert redundant_needs(replace(DIAMOND, steps=(a, b, c, late))) == ()


GRAPHS = st.lists(st.sets(st.integers(0, 11), max_size=4), min_size=1, max_size=12)


@given(GRAPHS, st.data())
def test_leaving_out_redundant_needs_changes_nothing(
    needs: list[set[int]], data: st.DataObject
) -> None:
    """Who follows the advice would have steps start too early."""
    letters = "abcdefghijkl"
    reduced = {
        letters[n]: "".join(letters[m] for m in sorted(ws) if m < n) for n, ws in enumerate(needs)
    }
    seconds = {name: float(data.draw(st.integers(0, 9))) for name in reduced}
    graph = graph_of(**reduced)
    superfluous = set(redundant_needs(graph))
    less = graph_of(
        **{s: "".join(n for n in ns if (s, n) not in superfluous) for s, ns in reduced.items()}
    )
    for step in reduced:
        assert ancestors(graph, step) == ancestors(less, step)
    before, after = analyse(graph, seconds), analyse(less, seconds)
    assert before.slack_seconds == after.slack_seconds
    assert before.profile == after.profile
    assert after.redundant == ()
    assert before.critical_seconds <= before.work_seconds
    assert sum(seconds[step] for step in before.critical_path) == before.critical_seconds
