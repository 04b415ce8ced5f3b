"""A notification of `slipway.yaml`: to whom which events of which projects are sent."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from blocks.quiet_hours import checked_quiet_hours
from tasks.errors import NotFoundError
from tasks.events import EventName

FOR_A_PERSON = (
    EventName.SERVICE_GONE,
    EventName.SERVICE_CRASH_LOOPING,
    EventName.DEPLOY_REVERTED,
    EventName.BACKUP_FAILED,
    EventName.BACKUP_WARNING,
    EventName.WORKLOAD_FAILED,
)
"""The events after which somebody has to do something; the default."""


class NotificationSpec(BaseModel):
    """Where messages on events go; the address is a secret.

    The key is `events` and not `on`, which YAML reads as the value true.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: SecretStr = Field(description="An address of Apprise, e.g. mailto://user:password@host")
    events: list[EventName] = Field(
        default_factory=lambda: list(FOR_A_PERSON), min_length=1, description="What is sent"
    )
    projects: list[str] = Field(default_factory=list, description="Only these; empty: all")
    environments: list[str] = Field(default_factory=list, description="Only these; empty: all")
    quiet_hours: Annotated[str, AfterValidator(checked_quiet_hours)] = Field(
        default="", description="When nothing is sent, e.g. 22:00-07:00 Europe/Berlin"
    )

    @field_validator("events", "projects", "environments")
    @classmethod
    def _name_each_once(cls, names: list[Any]) -> list[Any]:
        """Take a name that is written twice once, as the server does."""
        return list(dict.fromkeys(names))

    @model_validator(mode="before")
    @classmethod
    def _say_what_on_is(cls, fields: Any) -> Any:
        """Refuse the key `on` by the name that was written, not as the value true."""
        if isinstance(fields, Mapping) and True in fields:
            problem = "has the key `on`, which YAML reads as true; write `events` instead"
            raise ValueError(problem)
        return fields


def refuse_unknown_subjects(
    notifications: Mapping[str, NotificationSpec],
    projects: Collection[str],
    environments: Collection[str],
) -> None:
    """Refuse a notification on a project or an environment that nobody has configured.

    Raises:
        NotFoundError: It names the field, the value, and those there are.
    """
    for name, spec in notifications.items():
        wanted = {"projects": (spec.projects, projects)}
        wanted["environments"] = (spec.environments, environments)
        for key, (values, known) in wanted.items():
            for value in values:
                if value not in known:
                    field, remedy = f"notifications.{name}.{key}", "Correct it, or configure it."
                    raise NotFoundError(field, value, sorted(known), remedy)
