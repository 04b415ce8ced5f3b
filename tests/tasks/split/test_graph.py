"""The graph of a workload: ordered, or refused with the reason."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tasks.errors import BadInputError
from tasks.split.graph import step_graph
from tasks.workload import SplitDecision, Step, StepGraph


def step(name: str, *needs: str, when: str = "") -> Step:
    """A step that does nothing."""
    return Step(name, ("true",), Path("/"), f"p/w/{name}", needs=needs, when=when)


def graph(*steps: Step) -> StepGraph:
    """The graph of those steps."""
    return step_graph("p", "w", steps, SplitDecision(len(steps), ""))


def test_needs_come_first_otherwise_the_given_order() -> None:
    """A step would be planned before what it needs."""
    ordered = graph(
        step("ship", "test", "build"), step("lint"), step("test", "build"), step("build")
    )
    assert [item.id for item in ordered.steps] == ["lint", "build", "test", "ship"]


def test_a_cycle_is_named_step_by_step() -> None:
    """A user would have to find the cycle by eye."""
    with pytest.raises(BadInputError, match="a needs c, c needs b, b needs a") as error:
        graph(
            step("start"), step("a", "start", "c"), step("b", "a"), step("c", "b"), step("d", "c")
        )
    assert error.value.field == "workloads.w.steps.a.needs"


def test_a_cycle_is_found_from_a_step_that_only_hangs_on_it() -> None:
    """Following needs from a step outside of the cycle would report that step as part of it."""
    with pytest.raises(BadInputError, match=r"cycle: b needs c, c needs b \("):
        graph(step("a", "b"), step("b", "c"), step("c", "b"))


def test_a_step_that_needs_itself_is_a_cycle() -> None:
    """It would wait for itself for ever."""
    with pytest.raises(BadInputError, match="a needs a"):
        graph(step("a", "a"))


def test_an_unknown_need_is_named() -> None:
    """It would surface as a KeyError in the middle of the plan."""
    with pytest.raises(BadInputError, match="known are: a, b") as error:
        graph(step("a"), step("b", "nope"))
    assert (error.value.field, error.value.value) == ("workloads.w.steps.b.needs", "nope")


def test_an_id_given_twice_is_named() -> None:
    """One of the two would silently vanish."""
    with pytest.raises(BadInputError, match="given twice") as error:
        graph(step("a"), step("a"))
    assert error.value.value == "a"


@pytest.mark.parametrize(
    ("when", "problem"),
    [
        ("steps.a.succeeded &&", "is not a CEL expression"),
        ("steps.gone.succeeded", "unknown step: gone"),
        ("steps.other.succeeded", "does not depend on that step: other"),
        ("steps.a-b.succeeded", "names b, which is not known"),
        ("branch == 'main'", "names branch, which is not known"),
    ],
)
def test_a_bad_condition_is_refused_before_anything_starts(when: str, problem: str) -> None:
    """It would fail in the middle of a run instead."""
    with pytest.raises(BadInputError, match=problem) as error:
        graph(step("a"), step("other"), step("b", "a", when=when))
    assert error.value.field == "workloads.w.steps.b.when"


def test_a_condition_may_name_what_its_needs_need() -> None:
    """A sound condition would be refused."""
    when = "steps['a'].succeeded && [1, 2].all(n, n < 3) && environment == 'steps.x'"
    assert graph(step("a"), step("b", "a"), step("c", "b", when=when)).step("c").when == when


@given(st.lists(st.sets(st.integers(0, 30), max_size=4), max_size=30), st.randoms())
def test_any_acyclic_graph_is_ordered(needs: list[set[int]], random: object) -> None:
    """Some acyclic graph would be refused, or ordered against its needs."""
    steps = [
        step(str(index), *(str(need) for need in sorted(step_needs) if need < index))
        for index, step_needs in enumerate(needs)
    ]
    random.shuffle(steps)  # type: ignore[attr-defined] # hypothesis' Random has no public type
    ordered = [item.id for item in graph(*steps).steps]
    assert sorted(ordered) == sorted(item.id for item in steps)
    assert all(ordered.index(need) < ordered.index(s.id) for s in steps for need in s.needs)


@pytest.mark.parametrize(
    ("expression", "named"),
    [
        ("steps.a.secnds < 5", "Did you mean 'seconds'"),
        ("steps['a']['exitcode'] == 0", "Did you mean 'exit_code'"),
        ("has(steps.a.state)", "A step has exit_code, output, seconds, skipped, succeeded"),
    ],
)
def test_a_field_that_no_step_has_is_refused(expression: str, named: str) -> None:
    """Broken: a typo in a condition is found when the steps before it have run."""
    with pytest.raises(BadInputError, match=r"workloads\.w\.steps\.b\.when: asks a for") as error:
        graph(step("a"), step("b", "a", when=expression))
    assert named in error.value.remedy


def test_what_is_below_an_output_is_the_steps_own() -> None:
    """Broken: a condition over what a step wrote is refused for a field that is not ours."""
    expression = "steps.a.output.secnds < 5 && steps['a'].output['x'] == 'steps.a.secnds'"
    assert len(graph(step("a"), step("b", "a", when=expression)).steps) == 2
