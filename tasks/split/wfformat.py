"""The import of a workflow in WfFormat 1.5 (https://wfcommons.org/format) as steps; pure.

Files and machines are not imported: a step has a command, needs and a demand.
"""

from __future__ import annotations

import math
import re
from hashlib import sha256
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from blocks.providers.interface import Resources
from blocks.workload_spec import StepSpec, StepsWorkload
from tasks.errors import BadInputError, NotFoundError
from tasks.quantities import MIB_BYTES
from tasks.text import read_text
from tasks.validation_errors import bad_input

SCHEMA = "1.5"

_MAX_NAME_LENGTH = 63
_NOT_SHOWN = "(not shown)"
"""In place of a value of the file: it may be any file, and hold a secret."""
_DIGEST_LENGTH = 8


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", allow_inf_nan=False)


class _Command(_Part):
    program: str = Field(min_length=1, description="What is executed")
    arguments: list[str] = Field(default_factory=list, description="What it is given")


class _Execution(_Part):
    id: str = Field(min_length=1, description="The id of a task of the specification")
    command: _Command = Field(description="What the task executes: program and arguments")
    seconds: float = Field(alias="runtimeInSeconds", ge=0, description="How long it ran")
    cores: float = Field(default=1, alias="coreCount", gt=0, description="How many it used")
    memory: int = Field(default=0, alias="memoryInBytes", ge=0, description="Its peak")


class _Task(_Part):
    id: str = Field(min_length=1, description="Unique within the workflow")
    parents: list[str] = Field(default_factory=list, description="Ids of the tasks it needs")
    children: list[str] = Field(default_factory=list, description="Ids of those that need it")


class _Specification(_Part):
    tasks: list[_Task] = Field(min_length=1, description="The tasks of the workflow")


class _Record(_Part):
    tasks: list[_Execution] = Field(description="What each task executed, and how long it took")


class _Workflow(_Part):
    specification: _Specification = Field(description="The tasks and what they need")
    execution: _Record = Field(description="How they were executed")


class _Document(_Part):
    schema_version: str = Field(alias="schemaVersion", description=f"WfFormat, {SCHEMA}")
    workflow: _Workflow = Field(description="Specification and execution")


def import_wfformat(file: str, field: str) -> StepsWorkload:
    """Return the workload that the WfFormat document in ``file`` describes.

    Raises:
        BadInputError: the path is not absolute, the file cannot be read, or see `read_wfformat`.
    """
    path = Path(file).expanduser()
    if not path.is_absolute():
        raise BadInputError(field, file, "is a relative path", "Give an absolute one")
    return read_wfformat(read_text(field, path), field)


def read_wfformat(text: str | bytes, field: str = "wfformat") -> StepsWorkload:
    """Return the workload that a WfFormat document describes; ``field`` names it in errors.

    A task becomes a step of the same name, in lower case and shortened to the length of step ids;
    it demands the recorded cores and memory, and one slot, and is expected to take as long as it
    did then.

    Raises:
        BadInputError: it is not JSON or not WfFormat 1.5; an id is given twice or is unknown; or a
            task has no execution.
    """
    document = _parsed(text, field)
    if document.schema_version != SCHEMA:
        raise BadInputError(
            f"{field}.schemaVersion",
            _NOT_SHOWN,
            f"only {SCHEMA} is known",
            "Convert it with wfcommons",
        )
    tasks = document.workflow.specification.tasks
    names = _names(tasks, f"{field}.workflow.specification.tasks")
    executions = {item.id: item for item in document.workflow.execution.tasks}
    needs = _needs(tasks, f"{field}.workflow.specification.tasks")
    where = f"{field}.workflow.execution.tasks"
    for task in tasks:
        if task.id not in executions:
            raise NotFoundError(where, task.id, list(executions), "Add the execution of this task")
    steps = [
        _step(names[task.id], executions[task.id], [names[need] for need in needs[task.id]])
        for task in tasks
    ]
    return StepsWorkload(steps=steps)


def _parsed(text: str | bytes, field: str) -> _Document:
    try:
        return _Document.model_validate_json(text)
    except ValidationError as error:
        if error.errors()[0]["type"] == "json_invalid":
            reason = error.errors()[0]["msg"].removeprefix("Invalid JSON: ")
            problem, remedy = f"is not valid JSON: {reason}", "Give a WfFormat document"
            raise BadInputError(field, _NOT_SHOWN, problem, remedy) from None
        wrong = bad_input(error, _Document, field)
        raise BadInputError(wrong.field, _NOT_SHOWN, wrong.problem, wrong.remedy) from None


def _names(tasks: list[_Task], field: str) -> dict[str, str]:
    names: dict[str, str] = {}
    used: set[str] = set()
    for task in tasks:
        if task.id in names:
            raise BadInputError(field, task.id, "this id is given twice", "Rename one of them")
        name = _name(task.id)
        names[task.id] = name if name not in used else _name(task.id, distinct=True)
        used.add(names[task.id])
    return names


def _name(task_id: str, *, distinct: bool = False) -> str:
    name = re.sub(r"[^a-z0-9._-]", "-", task_id.lower()).lstrip("._-") or "task"
    if distinct or len(name) > _MAX_NAME_LENGTH:
        # Ids often differ only at their end.
        name = f"{name[: _MAX_NAME_LENGTH - _DIGEST_LENGTH - 1]}-{sha256(task_id.encode()).hexdigest()[:_DIGEST_LENGTH]}"
    return name


def _needs(tasks: list[_Task], field: str) -> dict[str, list[str]]:
    """Return the parents of each task, which some writers give as children alone."""
    needs: dict[str, dict[str, None]] = {task.id: {} for task in tasks}
    for task in tasks:
        links = [(task.id, parent, parent, "parents") for parent in task.parents]
        links += [(child, task.id, child, "children") for child in task.children]
        for child, parent, task_named, key in links:
            if task_named not in needs:
                raise NotFoundError(
                    f"{field}.{task.id}.{key}",
                    task_named,
                    list(needs),
                    "Name a task of this workflow",
                )
            needs[child][parent] = None
    return {task_id: list(parents) for task_id, parents in needs.items()}


def _step(name: str, execution: _Execution, needs: list[str]) -> StepSpec:
    command = execution.command
    # Some writers give a whole script as the program.
    script = not command.arguments and re.search(r"\s", command.program)
    return StepSpec(
        id=name,
        run=command.program if script else [command.program, *command.arguments],
        needs=needs,
        demand=Resources(
            cpus=execution.cores, memory_mib=math.ceil(execution.memory / MIB_BYTES), slots=1
        ),
        expected_seconds=execution.seconds,
    )
