"""Declared steps become a graph with everything a step needs to run."""

from __future__ import annotations

from pathlib import Path

import pytest

from blocks.providers.interface import Resources
from blocks.workload_spec import StepSpec, StepsWorkload
from tasks.errors import BadInputError
from tasks.split.declared import split_steps
from tasks.workload import StepGraph


def split(*steps: StepSpec) -> StepGraph:
    """Split those steps in the project `shop`."""
    return split_steps("shop", "ci", StepsWorkload(steps=list(steps)), Path("/src"), {"A": "1"})


def test_a_string_goes_through_the_shell_and_a_list_does_not() -> None:
    """Pipes would not work in a string, or a list would be interpreted."""
    graph = split(StepSpec(id="a", run="echo $A | cat"), StepSpec(id="b", run=["echo", "$A"]))
    assert [step.argv for step in graph.steps] == [
        ("sh", "-c", "echo $A | cat"),
        ("echo", "$A"),
    ]


def test_every_field_of_the_declaration_arrives() -> None:
    """A declared limit would have no effect."""
    graph = split(
        StepSpec(id="a", run="true"),
        StepSpec(
            id="b",
            run="true",
            needs=["a"],
            when="steps.a.succeeded",
            demand=Resources(cpus=2),
            timeout_seconds=9,
            retries=3,
            retry_delay_seconds=2,
            variables={"B": "2"},
        ),
    )
    step = graph.step("b")
    assert (step.needs, step.when, step.demand.cpus) == (("a",), "steps.a.succeeded", 2)
    assert (step.timeout_seconds, step.retries, step.retry_delay_seconds) == (9, 3, 2)
    assert (step.environment, step.cwd) == ({"A": "1", "B": "2"}, Path("/src"))
    assert step.history_key == "shop/ci/b"


def test_the_reason_tells_the_shape_of_the_graph() -> None:
    """The artifact would show a graph without saying what it allows."""
    graph = split(
        StepSpec(id="a", run="true"),
        StepSpec(id="b", run="true", needs=["a"]),
        StepSpec(id="c", run="true", needs=["a"]),
    )
    assert graph.decision.reason == (
        "3 steps as declared: the longest chain has 2, up to 2 are side by side."
    )


@pytest.mark.parametrize("run", ["", "  ", []])
def test_an_empty_command_is_refused(run: str | list[str]) -> None:
    """The provider would fail on it after other steps had run."""
    with pytest.raises(BadInputError, match=r"steps\.a\.run"):
        split(StepSpec(id="a", run=run))
