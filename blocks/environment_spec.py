"""The configuration of an environment, and of a project in one; free of Prefect."""

from __future__ import annotations

import re
from typing import Annotated, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    model_validator,
)

from blocks.argument import short_value
from blocks.credentials import plain
from blocks.parameter import MAX_NAMES, CommandText, ShortText

ALL = "all"
VARIABLE_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_OURS = frozenset({"SLIPWAY_ITEM", "SLIPWAY_OUTPUT", "SLIPWAY_RUN_ID"})
"""Variables that Slipway itself sets for each process, whatever the configuration says."""
Value = TypeVar("Value")


def named_as_variables(values: dict[str, Value]) -> dict[str, Value]:
    """Return ``values`` if a process can take each of them as a variable of that name."""
    for name, value in values.items():
        if not VARIABLE_NAME.fullmatch(name):
            raise ValueError(
                f"has {name!r}, which is not a valid name of an environment variable: "
                "use letters, digits and _, and no digit first"
            )
        if name in _OURS:
            raise ValueError(f"has {name}, which Slipway sets itself: give it another name")
        text = value.get_secret_value() if isinstance(value, SecretStr) else str(value)
        short_value(name, text)
    return values


def _listed(value: object) -> object:
    return [value] if isinstance(value, str) and value.strip() else value


Variables = Annotated[
    dict[ShortText, CommandText],
    Field(max_length=MAX_NAMES),
    AfterValidator(named_as_variables),
]
Secrets = Annotated[dict[str, SecretStr], AfterValidator(named_as_variables)]


class ProjectVariables(BaseModel):
    """Variables of one project in one environment."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variables: Variables = Field(
        default_factory=dict,
        description=(
            'Environment variables, e.g. {"DATABASE": "{{ data }}/shop.db"}; '
            "`{{ data }}`, `{{ port }}` and the like are filled in"
        ),
    )


class ProjectEnvironment(ProjectVariables):
    """Variables and secrets of one project in one environment."""

    secrets: Secrets = Field(
        default_factory=dict,
        description='Environment variables that are never shown, e.g. {"API_KEY": "..."}',
    )

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if both := sorted({*self.variables} & {*plain(self.secrets)}):
            raise ValueError(f"{both[0]} is both a variable and a secret; leave one of them out")
        return self

    def over(self, other: ProjectEnvironment) -> ProjectEnvironment:
        """Return ``other`` with these values in their place, be they variables or secrets."""
        own = {*self.variables, *self.secrets}
        return ProjectEnvironment(
            variables={k: v for k, v in other.variables.items() if k not in own} | self.variables,
            secrets={k: v for k, v in other.secrets.items() if k not in own} | self.secrets,
        )


class EnvironmentSpec(ProjectEnvironment):
    """dev, staging, prod and the like: what they inherit, and the values that projects share."""

    shared_with: Annotated[list[str], BeforeValidator(_listed)] = Field(
        default_factory=list,
        description=(
            "Projects that its variables and secrets reach; `all`: every one. "
            "Values of a single project belong in that project's environments"
        ),
    )
    inherits: str = Field(default="", description="The environment whose values it starts from")

    @property
    def has_values(self) -> bool:
        """Whether there is anything in it to be shared."""
        return bool(self.variables or self.secrets)

    def reaches(self, project: str) -> bool:
        """Tell whether ``project`` gets its values."""
        return ALL in self.shared_with or project in self.shared_with
