"""The Environment block: variables and secrets that projects share in dev, prod and the like."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import ConfigDict, Field, field_validator

from blocks.credentials import plain
from blocks.environment_spec import EnvironmentSpec, named_as_variables
from blocks.logo import logo


class Environment(EnvironmentSpec, Block):
    """Variables, templates and secrets that projects share in one environment.

    Example:
        ```python
        from blocks.environment import Environment

        Environment(
            variables={"DATABASE": "{{ data }}/shop.db", "LOG_LEVEL": "info"},
            secrets={"API_KEY": "..."},
            shared_with=["shop", "warehouse"],
            inherits="base",
        ).save("dev")
        ```
    """

    _block_type_name = "Slipway Environment"
    _block_type_slug = "slipway-environment"
    _logo_url = logo("slipway-environment")
    _description = "Variables, templates and secrets that projects share in dev, staging, prod and the like; may inherit from another."

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=False, extra="allow")

    # Prefect hides every value of a SecretDict, and none of a mapping to SecretStr.
    secrets: SecretDict = Field(  # type: ignore[assignment]
        default_factory=lambda: SecretDict({}),
        description='Environment variables that are never shown, e.g. {"API_KEY": "..."}',
    )

    @field_validator("secrets", mode="after")
    @classmethod
    def _named(cls, secrets: SecretDict) -> SecretDict:
        return SecretDict(named_as_variables(plain(secrets)))

    def spec(self) -> EnvironmentSpec:
        """Return what was configured, as a frozen value without Prefect."""
        fields = self.model_dump(include=set(EnvironmentSpec.model_fields))
        return EnvironmentSpec.model_validate(fields | {"secrets": plain(self.secrets)})
