"""What a user writes of a workload: declared steps, or a test suite to shard; free of Prefect."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool, StrictInt, StrictStr

from blocks.argument import short_commands
from blocks.environment_spec import Variables
from blocks.goal import Goal
from blocks.providers.interface import Resources

NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"

Auto = Literal["memory", "timeout", "retries"]
_AUTO = (
    "What history decides, where it has seen enough: `memory`: as much is reserved as past runs "
    "needed, and what is declared stays the limit; `timeout`: where none is given, four times the "
    "95th percentile; `retries`: where none are given, as many as bring 99 of 100 to success"
)

# Strict: 3.10 without quotes would become 3.1.
MatrixValue = StrictStr | StrictInt | StrictBool


class StepSpec(BaseModel):
    """One declared step of a workload."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(pattern=NAME, description="Unique within the workload")
    run: Annotated[str | list[str], AfterValidator(short_commands)] = Field(
        description=(
            "The command: a list is executed as it is, a string by `shell`. What it writes as JSON "
            "to the file $SLIPWAY_OUTPUT (64 KiB, no secrets) is `steps.<id>.output` to later steps"
        )
    )
    shell: str = Field(
        default="",
        description="What executes `run` where it is a string; empty: the shell of the workload",
    )
    needs: list[str] = Field(
        default_factory=list,
        description=(
            "Steps that must have succeeded; of one with a matrix all, or one, e.g. `build[3.11]`"
        ),
    )
    when: str = Field(
        default="",
        description=(
            "A CEL expression over `steps.<id>.succeeded`, `steps.<id>.exit_code`, "
            "`steps.<id>.seconds`, `steps.<id>.output`, `matrix.<name>`, `project`, `environment` "
            "and `version`; the step is skipped where it is false"
        ),
    )
    matrix: dict[str, list[MatrixValue]] = Field(
        default_factory=dict,
        description=(
            "Lists by name: there is one step for each combination of their values, which stand "
            "for `{matrix.<name>}` in `run`, `variables` and `needs`"
        ),
    )
    foreach: str = Field(
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
    expected_seconds: float | None = Field(
        default=None,
        ge=0,
        description="How long you expect it to take; planned with until history knows better",
    )
    timeout_seconds: float | None = Field(default=None, gt=0, description="Wall time it may take")
    retries: int = Field(default=0, ge=0, le=20, description="Further attempts after a failure")
    retry_delay_seconds: float = Field(
        default=1, ge=0, description="Wait before the second attempt; doubles with each further"
    )
    auto: list[Auto] = Field(default_factory=list, description=_AUTO)
    variables: Variables = Field(default_factory=dict, description="Environment variables")


class StepsWorkload(BaseModel):
    """A workload declared step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="declared steps")

    kind: Literal["steps"] = Field(
        default="steps",
        description="Declared step by step",
        json_schema_extra={"enum": ["steps"]},
    )
    steps: list[StepSpec] = Field(min_length=1, description="The steps, in any order")
    shell: str = Field(
        default="sh -e",
        description=(
            "What executes the commands that are strings, given them by `-c`; `-e`: it stops at "
            "the first that fails. E.g. `bash -euo pipefail`"
        ),
    )
    goal: Goal | None = Field(
        default=None,
        title="Goal",
        description="What its plans are judged by, and what they may cost or take; null: the shortest",
    )


class PytestWorkload(BaseModel):
    """A pytest suite, sharded by test id."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="pytest suite")

    kind: Literal["pytest"] = Field(
        description="A pytest suite, sharded by test id", json_schema_extra={"enum": ["pytest"]}
    )
    paths: list[str] = Field(
        default_factory=list,
        description=(
            "Where pytest collects, below the source; none: its own `testpaths`, else `tests`, "
            "else all of the source"
        ),
    )
    arguments: list[str] = Field(
        default_factory=list, description="Further pytest arguments, e.g. `-m not slow`"
    )
    shards: int | Literal["auto"] = Field(
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
    timeout_seconds: float | None = Field(default=None, gt=0, description="Wall time of one shard")
    retries: int = Field(default=0, ge=0, le=20, description="Further attempts of a failed shard")
    retry_delay_seconds: float = Field(
        default=1, ge=0, description="Wait before the second attempt; doubles with each further"
    )
    auto: list[Auto] = Field(default_factory=list, description=_AUTO)
    variables: Variables = Field(
        default_factory=dict,
        description="Environment variables; those of the environment are left out of tests",
    )
    goal: Goal | None = Field(
        default=None,
        title="Goal",
        description="What its plans are judged by, and what they may cost or take; null: the shortest",
    )


class WfformatWorkload(BaseModel):
    """A workflow of another system, imported step by step."""

    model_config = ConfigDict(frozen=True, extra="forbid", title="WfFormat file")

    kind: Literal["wfformat"] = Field(
        description="A workflow in WfFormat 1.5 (wfcommons.org)",
        json_schema_extra={"enum": ["wfformat"]},
    )
    file: str = Field(
        min_length=1,
        description="Path of the JSON file; a relative one starts at the folder of slipway.yaml",
    )
    goal: Goal | None = Field(
        default=None,
        title="Goal",
        description="What its plans are judged by, and what they may cost or take; null: the shortest",
    )


SplittableSpec = StepsWorkload | PytestWorkload
"""What split takes; a file has been imported by then."""

WorkloadSpec = Annotated[SplittableSpec | WfformatWorkload, Field(discriminator="kind")]

# The titles, here and above, are what the tabs of the run form are called; of a single value
# without an enum, the form would make a text to type.
WorkloadChoice = (
    Annotated[str, Field(title="by name")]
    | Annotated[
        SplittableSpec | WfformatWorkload,
        Field(discriminator="kind", title="written here"),
    ]
)
"""A workload of the project, or a whole one."""
