"""The Environment block: variables and secrets of dev, staging, prod, as configured in the UI."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import ConfigDict

from blocks.logo import logo
from blocks.project_spec import EnvironmentSpec


class Environment(EnvironmentSpec, Block):
    """Variables, templates and secrets of one environment.

    Example:
        ```python
        from blocks.environment import Environment

        Environment(
            variables={"DATABASE": "{{ data }}/shop.db", "LOG_LEVEL": "info"},
            secrets={"API_KEY": "..."},
            inherits="base",
        ).save("dev")
        ```
    """

    _block_type_name = "Slipway Environment"
    _block_type_slug = "slipway-environment"
    _logo_url = logo("slipway-environment")
    _description = "Variables, templates and secrets of dev, staging, prod and the like; may inherit from another."

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=False, extra="allow")

    def spec(self) -> EnvironmentSpec:
        """Return what was configured, as a frozen value without Prefect."""
        return EnvironmentSpec.model_validate(
            self.model_dump(include=set(EnvironmentSpec.model_fields))
        )
