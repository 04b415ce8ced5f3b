"""Declared steps become a graph with everything a step needs to run."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
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
        ("sh", "-e", "-c", "echo $A | cat"),
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


@pytest.mark.parametrize(
    "step", [{"run": ["", "x"]}, {"run": [" "]}, {"run": ["{matrix.p}"], "matrix": {"p": [""]}}]
)
def test_a_command_without_a_program_is_refused(step: Mapping[str, object]) -> None:
    """The operating system would refuse it in its own words, after other steps had run."""
    with pytest.raises(BadInputError, match=r"steps\.a\.run: its first word is empty"):
        declared({"id": "a", **step})


def declared(*steps: Mapping[str, object]) -> StepGraph:
    """Split steps as they are written."""
    return split(*(StepSpec.model_validate({"run": "true", **step}) for step in steps))


MATRIX = {"py": ["3.11", "3.12"], "os": ["linux", "mac"]}


def test_a_matrix_becomes_one_step_for_each_combination() -> None:
    """A combination would run with the values of another."""
    graph = declared(
        {
            "id": "build",
            "run": "make {matrix.py}",
            "matrix": MATRIX,
            "variables": {"OS": "{matrix.os}"},
            "when": "matrix.os == 'linux' || environment == 'prod'",
        }
    )
    step = graph.step("build[3.12,mac]")
    assert len(graph.steps) == 4
    assert (step.argv[-1], step.environment["OS"]) == ("make 3.12", "mac")
    assert (step.group, dict(step.matrix)) == ("build", {"py": "3.12", "os": "mac"})
    assert step.history_key == "shop/ci/build[3.12,mac]"
    assert graph.decision.reason.startswith("4 steps of 1 declared, by their matrix:")


def test_a_need_on_a_matrix_is_one_on_all_of_it_or_on_what_it_names() -> None:
    """A step would start before a combination that it needs, or wait for all of them."""
    graph = declared(
        {"id": "build", "matrix": {"py": ["3.11", "3.12"]}},
        {"id": "all", "needs": ["build"]},
        {"id": "one", "needs": ["build[3.11]"]},
        {"id": "same", "needs": ["build[{matrix.py}]"], "matrix": {"py": ["3.12"]}},
    )
    assert graph.step("all").needs == ("build[3.11]", "build[3.12]")
    assert graph.step("one").needs == ("build[3.11]",)
    assert graph.step("same[3.12]").needs == ("build[3.12]",)


def test_a_condition_over_the_matrix_alone_leaves_combinations_out() -> None:
    """What needs the matrix would be skipped with the combination that was never wanted."""
    graph = declared(
        {"id": "a", "matrix": MATRIX, "when": "matrix.os == 'linux' || matrix.py == '3.12'"},
        {"id": "b", "needs": ["a"]},
    )
    assert graph.step("b").needs == ("a[3.11,linux]", "a[3.12,linux]", "a[3.12,mac]")
    assert not any(step.when for step in graph.steps)


def test_a_list_is_one_step_until_it_is_known() -> None:
    """The graph would not show it, or run it with a placeholder."""
    graph = declared({"id": "list"}, {"id": "each", "needs": ["list"], "foreach": FOREACH})
    assert graph.step("each").foreach == FOREACH
    assert "1 of them will be one step for each item of a list" in graph.decision.reason


FOREACH = "steps.list.output.filter(name, name != 'x')"


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"matrix": MATRIX, "run": "x {matrix.arch}"}, r"a\.run: names \{matrix\.arch\}"),
        ({"variables": {"X": "{matrix.y}"}}, r"a\.variables\.X: .*no matrix"),
        ({"matrix": MATRIX, "needs": ["b[{matrix.arch}]"]}, r"a\.needs: names"),
        (
            {"matrix": MATRIX, "needs": ["bb"]},
            r"a\[3\.11,linux\]\.needs: unknown; did you mean 'b'",
        ),
        ({"matrix": MATRIX, "when": "matrix.arch == 'x'"}, r"\.when: names matrix\.arch, which"),
        ({"when": "matrix.os == 'x'"}, r"a\.when: names matrix, which is not known"),
        ({"matrix": MATRIX, "when": "matrix.os == 'x'"}, r"a\.when: leaves out every combination"),
        ({"foreach": "steps.c.output"}, r"a\.foreach: does not depend on that step: c"),
        ({"foreach": "steps.gone.output"}, r"a\.foreach: names an unknown step: gone"),
        ({"foreach": "[1, 2"}, r"a\.foreach: is not a CEL expression"),
        ({"foreach": "items"}, r"a\.foreach: names items, which is not known"),
        ({"foreach": "steps.b.seconds"}, r"a\.foreach: is 1\.0, not a list"),
        ({"foreach": "project"}, r"a\.foreach: is 'x', not a list"),
        ({"foreach": "[1]", "run": "echo '{item}'"}, r"a\.run: has \{item\} between quotes"),
    ],
)
def test_what_is_wrong_is_named_before_anything_starts(
    fields: dict[str, object], message: str
) -> None:
    """It would fail in the middle of a run, or run on a placeholder."""
    with pytest.raises(BadInputError, match=message):
        declared({"id": "b"}, {"id": "c"}, {"id": "a", "needs": ["b"], **fields})


def test_a_condition_may_ask_about_a_whole_matrix_that_it_depends_on() -> None:
    """One that depends on a part of it would be decided before the rest has ended."""
    family = {"id": "f", "matrix": {"n": [1, 2]}}
    whole = declared(family, {"id": "a", "needs": ["f"], "when": "steps.f.succeeded"})
    assert whole.step("a").needs == ("f[1]", "f[2]")
    with pytest.raises(BadInputError, match=r"does not depend on that step: f\[2\] of f"):
        declared(family, {"id": "a", "needs": ["f[1]"], "when": "steps.f.succeeded"})


@pytest.mark.parametrize(
    ("shell", "run", "succeeds"),
    [
        ("", "false\ntrue", False),
        ("", "false; true", False),
        ("", "false || true", True),
        ("sh", "false\ntrue", True),
        ("bash -euo pipefail", "false | true", False),
    ],
)
def test_a_command_of_several_lines_stops_at_the_first_that_fails(
    tmp_path: Path, shell: str, run: str, succeeds: bool
) -> None:
    """Broken: a step succeeds although its build failed, because its last line did not."""
    spec = StepsWorkload.model_validate({"steps": [{"id": "a", "run": run, "shell": shell}]})
    (step,) = split_steps("p", "w", spec, tmp_path, {}).steps
    done = subprocess.run(step.argv, cwd=tmp_path, check=False)
    assert (done.returncode == 0) == succeeds


def test_the_shell_of_the_workload_is_that_of_its_steps(tmp_path: Path) -> None:
    """Broken: `shell` has to be repeated at every step."""
    spec = StepsWorkload.model_validate(
        {
            "shell": "bash -eu",
            "steps": [
                {"id": "a", "run": "true"},
                {"id": "b", "run": "true", "shell": "sh"},
                {"id": "c", "run": ["true"]},
            ],
        }
    )
    argvs = [step.argv for step in split_steps("p", "w", spec, tmp_path, {}).steps]
    assert argvs == [("bash", "-eu", "-c", "true"), ("sh", "-c", "true"), ("true",)]


@pytest.mark.parametrize(
    ("step", "message"),
    [
        ({"id": "a", "run": "true", "shell": " "}, r"steps\.a\.shell: is not a shell"),
        (
            {"id": "a", "run": "echo {item}", "foreach": "[1]", "shell": "fish"},
            r"steps\.a\.shell: its quoting is unknown",
        ),
    ],
)
def test_a_shell_that_cannot_be_used_is_refused(
    tmp_path: Path, step: dict[str, str], message: str
) -> None:
    """Broken: an item of a list is executed as code."""
    spec = StepsWorkload.model_validate({"steps": [step]})
    with pytest.raises(BadInputError, match=message):
        split_steps("p", "w", spec, tmp_path, {})
