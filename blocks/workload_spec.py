"""The configuration of a workload: declared steps, or a test suite to shard; free of Prefect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from blocks.argument import short_commands
from blocks.environment_spec import Variables
from blocks.goal import Goal
from blocks.parameter import (
    LONGEST_PATH,
    MOST_ITEMS,
    MOST_NAMES,
    MOST_WHOLE,
    CommandText,
    Expression,
    FilePath,
    Seconds,
    ShortText,
    SomeSeconds,
    StepName,
    WorkloadName,
    WorkloadNameOrAll,
)
from blocks.providers.interface import Resources

SomeGoal = Annotated[
    Goal | None,
    Field(
        title="Goal",
        description="What its plans are judged by, and what they may cost or take; null: the shortest",
    ),
]

Auto = Literal["memory", "timeout", "retries"]
_AUTO = (
    "What history decides, where it has seen enough: `memory`: as much is reserved as past runs "
    "needed, and what is declared stays the limit; `timeout`: where none is given, four times the "
    "95th percentile; `retries`: where none are given, as many as bring 99 of 100 to success"
)

# Strict: 3.10 without quotes would become 3.1.
MatrixValue = (
    Annotated[StrictStr, Field(max_length=LONGEST_PATH)]
    | Annotated[StrictInt, Field(ge=-MOST_WHOLE, le=MOST_WHOLE)]
    | StrictBool
)


class StepSpec(BaseModel):
    """One declared step of a workload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: StepName = Field(description="Unique within the workload")
    run: Annotated[
        CommandText | Annotated[list[CommandText], Field(max_length=MOST_ITEMS)],
        AfterValidator(short_commands),
    ] = Field(
        description=(
            "The command: a list is executed as it is, a string by `shell`. What it writes as JSON "
            "to the file $SLIPWAY_OUTPUT (64 KiB, no secrets) is `steps.<id>.output` to later steps"
        )
    )
    shell: ShortText = Field(
        default="",
        description="What executes `run` where it is a string; empty: the shell of the workload",
    )
    needs: list[ShortText] = Field(
        default=[],
        max_length=MOST_ITEMS,
        description=(
            "Steps that must have succeeded; of one with a matrix all, or one, e.g. `build[3.11]`"
        ),
    )
    when: Expression = Field(
        default="",
        description=(
            "A CEL expression over `steps.<id>.succeeded`, `steps.<id>.exit_code`, "
            "`steps.<id>.seconds`, `steps.<id>.output`, `matrix.<name>`, `project`, `environment` "
            "and `version`; the step is skipped where it is false"
        ),
    )
    matrix: dict[ShortText, Annotated[list[MatrixValue], Field(max_length=MOST_ITEMS)]] = Field(
        default={},
        max_length=MOST_NAMES,
        description=(
            "Lists by name: there is one step for each combination of their values, which stand "
            "for `{matrix.<name>}` in `run`, `variables` and `needs`"
        ),
    )
    foreach: Expression = Field(
        default="",
        description=(
            "A CEL expression that gives a list, e.g. `steps.list.output`: when what it needs has "
            "ended there is one step for each item, which stands for `{item}` in `run` as one "
            "word that is never executed, and is in $SLIPWAY_ITEM; who needs this step waits for "
            "all of them"
        ),
    )
    demand: Resources = Field(
        default=Resources(cpus=1, slots=1), description="What it holds while it runs"
    )
    expected_seconds: Seconds | None = Field(
        default=None,
        description="How long you expect it to take; planned with until history knows better",
    )
    timeout_seconds: SomeSeconds | None = Field(default=None, description="Wall time it may take")
    retries: int = Field(default=0, ge=0, le=20, description="Further attempts after a failure")
    retry_delay_seconds: Seconds = Field(
        default=1, description="Wait before the second attempt; doubles with each further"
    )
    auto: list[Auto] = Field(default=[], max_length=MOST_NAMES, description=_AUTO)
    variables: Variables = Field(default={}, description="Environment variables")


class StepsWorkload(BaseModel):
    """A workload declared step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="declared steps")

    kind: Literal["steps"] = Field(
        default="steps",
        description="Declared step by step",
        json_schema_extra={"enum": ["steps"]},
    )
    steps: list[StepSpec] = Field(
        min_length=1, max_length=MOST_ITEMS, description="The steps, in any order"
    )
    shell: ShortText = Field(
        default="sh -e",
        description=(
            "What executes the commands that are strings, given them by `-c`; `-e`: it stops at "
            "the first that fails. E.g. `bash -euo pipefail`"
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
        max_length=MOST_ITEMS,
        description=(
            "Where pytest collects, below the source; none: its own `testpaths`, else `tests`, "
            "else all of the source"
        ),
    )
    arguments: list[CommandText] = Field(
        default=[],
        max_length=MOST_ITEMS,
        description="Further pytest arguments, e.g. `-m not slow`",
    )
    shards: Annotated[int, Field(ge=1, le=MOST_ITEMS)] | Literal["auto"] = Field(
        default="auto", description="A number, or `auto`: what history says is fastest"
    )
    keep_together: Literal["auto", "class", "module", "none"] = Field(
        default="auto",
        description=(
            "Which tests are never parted: those of a `class`, of a `module`, or `none`; `auto`: "
            "those of a class with fixtures of class scope or attributes that its tests change"
        ),
    )
    demand: Resources = Field(
        default=Resources(cpus=1, slots=1), description="What one shard holds while it runs"
    )
    timeout_seconds: SomeSeconds | None = Field(default=None, description="Wall time of one shard")
    retries: int = Field(default=0, ge=0, le=20, description="Further attempts of a failed shard")
    retry_delay_seconds: Seconds = Field(
        default=1, description="Wait before the second attempt; doubles with each further"
    )
    auto: list[Auto] = Field(default=[], max_length=MOST_NAMES, description=_AUTO)
    variables: Variables = Field(
        default={},
        description="Environment variables; those of the environment are left out of tests",
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

_Written = Annotated[
    SplittableSpec | WfformatWorkload, Field(discriminator="kind", title="written here")
]

# The titles, here and above, name the tabs of the run form; for a single value without an enum, the
# form would show a text field.
WorkloadChoice = Annotated[WorkloadName, Field(title="by name")] | _Written
"""A workload of the project, or a whole one."""

WorkloadChoiceOrNone = Annotated[WorkloadNameOrAll, Field(title="by name")] | _Written
"""A workload of the project, or a whole one; empty: none."""
