"""Workflows in WfFormat become workloads, or are refused with field, value and remedy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from blocks.providers.interface import Resources
from tasks.errors import BadInputError
from tasks.split.declared import split_steps
from tasks.split.wfformat import import_wfformat, read_wfformat


def task(name: str, *parents: str, children: tuple[str, ...] = ()) -> dict[str, Any]:
    """A task of the specification."""
    return {"id": name, "name": name, "parents": list(parents), "children": list(children)}


def execution(name: str, **further: Any) -> dict[str, Any]:
    """What a task executed."""
    command = {"program": "echo", "arguments": [name]}
    return {"id": name, "command": command, "runtimeInSeconds": 1.5, **further}


def document(tasks: list[dict[str, Any]], executions: list[dict[str, Any]] | None = None) -> str:
    """A WfFormat document."""
    done = [execution(item["id"]) for item in tasks] if executions is None else executions
    workflow = {"specification": {"tasks": tasks, "files": []}, "execution": {"tasks": done}}
    return json.dumps({"name": "w", "schemaVersion": "1.5", "workflow": workflow})


def test_tasks_become_steps() -> None:
    """A trace would be planned with other commands, needs or demands than it has."""
    done = [
        execution("A_1", coreCount=2, memoryInBytes=1024**2 * 3 + 1),
        {"id": "B", "command": {"program": "cat <<E\nx\nE"}, "runtimeInSeconds": 0},
    ]
    first, second = read_wfformat(document([task("A_1"), task("B", "A_1")], done)).steps
    assert (first.id, first.run, first.needs) == ("a_1", ["echo", "A_1"], [])
    assert first.demand == Resources(cpus=2, memory_mib=4, slots=1)
    assert (second.id, second.run, second.needs) == ("b", "cat <<E\nx\nE", ["a_1"])
    assert (first.expected_seconds, second.expected_seconds) == (1.5, 0)


def test_children_are_parents_seen_from_the_other_side() -> None:
    """A writer that gives one side alone would lose its edges."""
    steps = read_wfformat(document([task("a", children=("b",)), task("b")])).steps
    assert steps[1].needs == ["a"]


def test_names_stay_apart() -> None:
    """Two tasks would become one step, or a name would be refused."""
    long = "N" * 80
    imported = read_wfformat(document([task("x"), task("X"), task(long + "1"), task(long + "2")]))
    names = [step.id for step in imported.steps]
    assert names[0] == "x"
    assert len(set(names)) == 4
    assert all(len(name) <= 63 for name in names)


WORKFLOW = "wfformat.workflow"


def refused(text: str) -> BadInputError:
    """The error that a document is refused with."""
    with pytest.raises(BadInputError) as error:
        read_wfformat(text)
    return error.value


@pytest.mark.parametrize(
    ("text", "field", "part"),
    [
        ("{", "wfformat", "is not valid JSON"),
        ("{}", "wfformat.schemaVersion", "is missing"),
        (document([task("a")]).replace("1.5", "1.3", 1), "wfformat.schemaVersion", "only 1.5"),
        (document([]), f"{WORKFLOW}.specification.tasks", "at least 1"),
        (document([task("a"), task("a")]), f"{WORKFLOW}.specification.tasks", "given twice"),
        (document([task("a", "b")]), f"{WORKFLOW}.specification.tasks.a.parents", "unknown"),
        (
            document([task("a", children=("c",))]),
            f"{WORKFLOW}.specification.tasks.a.children",
            "unknown",
        ),
        (document([task("a")], []), f"{WORKFLOW}.execution.tasks", "Add the execution"),
        (
            document([task("a")], [execution("a", runtimeInSeconds=-1)]),
            f"{WORKFLOW}.execution.tasks.0.runtimeInSeconds",
            "at least 0",
        ),
        (
            document([task("a")], [{"id": "a", "runtimeInSeconds": 1}]),
            f"{WORKFLOW}.execution.tasks.0.command",
            "is missing",
        ),
    ],
)
def test_what_is_no_wfformat_is_refused_by_field(text: str, field: str, part: str) -> None:
    """A user would not learn what to correct."""
    error = refused(text)
    assert error.field == field
    assert part in str(error)


@pytest.mark.parametrize("text", ["admin:hunter22", "-----BEGIN KEY-----", '"hunter22"'])
def test_nothing_of_another_file_is_quoted(text: str) -> None:
    """Broken: who may start runs reads the passwords of the user who executes them."""
    message = str(refused(text))
    assert "hunter22" not in message
    assert "BEGIN" not in message


def test_a_file_is_read(tmp_path: Path) -> None:
    """No recorded workflow could be run."""
    (tmp_path / "w.json").write_text(document([task("a")]))
    graph = import_wfformat(str(tmp_path / "w.json"), "workloads.trace.file")
    assert [step.id for step in graph.steps] == ["a"]


@pytest.mark.parametrize(
    ("file", "part"), [("w.json", "relative"), ("/nowhere/x.json", "No such file")]
)
def test_a_file_that_cannot_be_read_is_refused_by_field(file: str, part: str) -> None:
    """A flow run would end with a stack trace instead of what to correct."""
    with pytest.raises(BadInputError, match=part) as error:
        import_wfformat(file, "workloads.trace.file")
    assert error.value.field == "workloads.trace.file"


def test_a_trace_as_workflow_systems_write_it_is_imported() -> None:
    """What Pegasus and Nextflow write, with all that is about the run, would be refused."""
    lanes = [f"align_{number:08}" for number in range(5)]
    tasks = [
        task("split_00000001", children=tuple(lanes)),
        *(task(lane, "split_00000001") for lane in lanes),
        task("merge_00000007", *lanes),
    ]
    for item in tasks:
        item |= {"inputFiles": ["reads.fq"], "outputFiles": [f"{item['id']}.bam"]}
    measured = {
        "executedAt": "2024-05-26T19:54:50+00:00",
        "avgCPU": 98.2,
        "readBytes": 4096,
        "writtenBytes": 512,
        "priority": 1,
        "machines": ["worker-1"],
    }
    trace = json.loads(document(tasks, [execution(each["id"], **measured) for each in tasks]))
    trace |= {"description": "A run", "createdAt": "2024-05-26", "author": {"name": "nobody"}}
    trace |= {
        "runtimeSystem": {"name": "Pegasus", "version": "5.0", "url": "https://pegasus.isi.edu"}
    }
    trace["workflow"]["specification"]["files"] = [{"id": "reads.fq", "sizeInBytes": 7}]
    trace["workflow"]["execution"] |= {
        "makespanInSeconds": 12.5,
        "executedAt": "2024-05-26T19:54:50+00:00",
        "machines": [{"nodeName": "worker-1", "cpu": {"coreCount": 4, "vendor": "x"}}],
    }
    imported = read_wfformat(json.dumps(trace).encode(), "trace.json")
    graph = split_steps("p", "trace", imported, Path("/"), {})
    assert {step.id for step in graph.steps} == {step.id for step in imported.steps}
    assert [len(step.needs) for step in imported.steps] == [0, 1, 1, 1, 1, 1, 5]
