"""The configuration of a workload: declared steps, or a test suite to shard; free of Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
)

from blocks.argument import short_commands
from blocks.environment_spec import Variables
from blocks.goal import Goal
from blocks.parameter import (
    MAX_ITEMS,
    MAX_NAMES,
    MAX_PATH_LENGTH,
    MAX_SAFE_INTEGER,
    NO_BOOLEAN,
    CommandText,
    Expression,
    FilePath,
    InnerGlob,
    Seconds,
    ShortText,
    SomeSeconds,
    StepName,
    Whole,
    WorkloadName,
    WorkloadNameOrAll,
)
from blocks.providers.interface import Resources

SomeGoal = Annotated[
    Goal | None,
    Field(
        title="Goal",
        description="What its plans minimise, and what they may cost or take; null: the makespan",
    ),
]

Auto = Literal["memory", "timeout", "retries"]
_AUTO = (
    "What history decides once there is enough of it: `memory`: it reserves what past runs "
    "needed, and the declared memory stays the limit; `timeout`: if none is given, four times the "
    "95th percentile; `retries`: if none are given, as many as let 99 of 100 runs succeed"
)

# Strict: 3.10 without quotes would become 3.1.
MatrixValue = (
    Annotated[StrictStr, Field(max_length=MAX_PATH_LENGTH)]
    | Annotated[StrictInt, Field(ge=-MAX_SAFE_INTEGER, le=MAX_SAFE_INTEGER)]
    | StrictBool
)


def _within_source(glob: str) -> str:
    """Return ``glob`` if it stays below the source."""
    if glob.startswith(("/", "~")) or ".." in glob.split("/"):
        raise ValueError("leads out of the source: write it relative to the root of the source")
    return glob


InputGlob = Annotated[InnerGlob, AfterValidator(_within_source)]
"""A pattern of files below the source; `**` stands for any folders."""


class StepSpec(BaseModel):
    """One declared step of a workload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: StepName = Field(description="Unique within the workload")
    run: Annotated[
        CommandText | Annotated[list[CommandText], Field(max_length=MAX_ITEMS)],
        AfterValidator(short_commands),
    ] = Field(
        description=(
            "The command: a list is executed as it is, a string by `shell`. Later steps read the "
            "JSON that it writes to $SLIPWAY_OUTPUT (64 KiB, no secrets) as `steps.<id>.output`"
        )
    )
    shell: ShortText = Field(
        default="",
        description="The shell for a `run` that is a string; empty: the shell of the workload",
    )
    needs: list[ShortText] = Field(
        default=[],
        max_length=MAX_ITEMS,
        description=(
            "Steps that must have succeeded; with a matrix, name all of it or one: `build[3.11]`"
        ),
    )
    when: Expression = Field(
        default="",
        description=(
            "A CEL expression over `steps.<id>.succeeded`, `steps.<id>.exit_code`, "
            "`steps.<id>.seconds`, `steps.<id>.output`, `matrix.<name>`, `project`, `environment` "
            "and `version`; the step is skipped if it is false"
        ),
    )
    matrix: dict[ShortText, Annotated[list[MatrixValue], Field(max_length=MAX_ITEMS)]] = Field(
        default={},
        max_length=MAX_NAMES,
        description=(
            "Lists by name: there is one step for each combination of their values, which stand "
            "for `{matrix.<name>}` in `run`, `variables` and `needs`"
        ),
    )
    foreach: Expression = Field(
        default="",
        description=(
            "A CEL expression that gives a list, e.g. `steps.list.output`: once its needs have "
            "ended, there is one step for each item. `{item}` in `run` stands for the item, as one "
            "word that is never executed; $SLIPWAY_ITEM holds it too. A step that needs this one "
            "waits for all items"
        ),
    )
    demand: Resources = Field(
        default=Resources(cpus=1, slots=1), description="Resources that it holds while it runs"
    )
    expected_seconds: Seconds | None = Field(
        default=None,
        description="How long you expect it to take; plans use it until there is history",
    )
    timeout_seconds: SomeSeconds | None = Field(default=None, description="Wall time it may take")
    retries: Whole = Field(default=0, ge=0, le=20, description="Further attempts after a failure")
    retry_delay_seconds: Seconds = Field(
        default=1,
        description="Wait before the second attempt; it doubles with each further attempt",
    )
    auto: list[Auto] = Field(default=[], max_length=MAX_NAMES, description=_AUTO)
    variables: Variables = Field(default={}, description="Environment variables")
    inputs: list[InputGlob] = Field(
        default=[],
        max_length=MAX_NAMES,
        description=(
            "Globs of the files of the source that it reads, e.g. `src/**/*.py`. Where they, its "
            "command and its variables are as in a run that succeeded, it is not executed: that "
            "outcome is taken. Only for a step that leaves no files, as none is restored"
        ),
    )


class StepsWorkload(BaseModel):
    """A workload declared step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="declared steps")

    kind: Literal["steps"] = Field(
        default="steps",
        description="Declared step by step",
        json_schema_extra={"enum": ["steps"]},
    )
    steps: list[StepSpec] = Field(
        min_length=1, max_length=MAX_ITEMS, description="The steps, in any order"
    )
    shell: ShortText = Field(
        default="sh -e",
        description=(
            "The shell for commands that are strings; it gets them by `-c`, and `-e` stops at the "
            "first that fails. E.g. `bash -euo pipefail`"
        ),
    )
    goal: SomeGoal = None


class PytestWorkload(BaseModel):
    """A pytest suite, sharded by test id."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="pytest suite")

    kind: Literal["pytest"] = Field(
        description="A pytest suite, sharded by test id", json_schema_extra={"enum": ["pytest"]}
    )
    paths: list[FilePath] = Field(
        default=[],
        max_length=MAX_ITEMS,
        description=(
            "Where pytest collects, below the source; none: the suite's `testpaths`, else `tests`, "
            "else all of the source"
        ),
    )
    arguments: list[CommandText] = Field(
        default=[],
        max_length=MAX_ITEMS,
        description="Further pytest arguments, e.g. `-m not slow`",
    )
    shards: Annotated[int, Field(ge=1, le=MAX_ITEMS), NO_BOOLEAN] | Literal["auto"] = Field(
        default="auto", description="A number, or `auto`: the number that history says is fastest"
    )
    keep_together: Literal["auto", "class", "module", "none"] = Field(
        default="auto",
        description=(
            "Which tests always stay together: those of a `class`, of a `module`, or `none`; "
            "`auto`: those of a class with class-scoped fixtures or attributes that tests change"
        ),
    )
    demand: Resources = Field(
        default=Resources(cpus=1, slots=1),
        description="Resources that one shard holds while it runs",
    )
    timeout_seconds: SomeSeconds | None = Field(default=None, description="Wall time of one shard")
    retries: Whole = Field(default=0, ge=0, le=20, description="Further attempts of a failed shard")
    retry_delay_seconds: Seconds = Field(
        default=1,
        description="Wait before the second attempt; it doubles with each further attempt",
    )
    auto: list[Auto] = Field(default=[], max_length=MAX_NAMES, description=_AUTO)
    variables: Variables = Field(
        default={},
        description="Environment variables; tests do not get those of the environment",
    )
    goal: SomeGoal = None


class WfformatWorkload(BaseModel):
    """A workflow of another system, imported step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="WfFormat file")

    kind: Literal["wfformat"] = Field(
        description="A workflow in WfFormat 1.5 (wfcommons.org)",
        json_schema_extra={"enum": ["wfformat"]},
    )
    file: FilePath = Field(
        description="Path of the JSON file; a relative one starts at the folder of slipway.yaml",
    )
    goal: SomeGoal = None


SplittableSpec = StepsWorkload | PytestWorkload
"""The specs that split accepts; a file has been imported by then."""

WorkloadSpec = Annotated[SplittableSpec | WfformatWorkload, Field(discriminator="kind")]


def with_kind(workload: Any) -> Any:
    """Take a workload with `steps` and without a `kind` for one of declared steps."""
    if isinstance(workload, Mapping) and "steps" in workload:
        return {"kind": "steps", **workload}
    return workload


_Written = Annotated[
    SplittableSpec | WfformatWorkload,
    Field(discriminator="kind", title="written here"),
    BeforeValidator(with_kind),
]

# The titles, here and above, name the tabs of the run form; for a single value without an enum, the
# form would show a text field.
WorkloadChoice = Annotated[WorkloadName, Field(title="by name")] | _Written
"""A workload of the project, or a complete one."""

WorkloadChoiceOrNone = Annotated[WorkloadNameOrAll, Field(title="by name")] | _Written
"""A workload of the project, or a complete one; empty: none."""
