"""The Project block: a source tree, its services and its workloads, as configured in the UI."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

from prefect.blocks.core import Block
from prefect.types import SecretDict
from pydantic import ConfigDict, Field

from blocks.credentials import plain
from blocks.environment_spec import ProjectVariables
from blocks.logo import logo
from blocks.project_spec import ProjectSpec, spec_fields


class Project(ProjectSpec, Block):
    """A source tree with one or more services, and the workloads that belong to it.

    Example:
        ```python
        from blocks.project import Project

        Project(
            source="https://example.org/shop.git",
            version="main",
            requirements=["gunicorn", "pytest"],
            services={
                "web": {"command": "gunicorn shop:app -b {{ host }}:{{ port }}", "health_path": "/health"}
            },
            workloads={"tests": {"kind": "pytest"}},
            environments={"dev": {"variables": {"DATABASE": "{{ data }}/shop.db"}}},
            secrets={"dev": {"API_KEY": "..."}},
        ).save("shop")
        ```
    """

    _block_type_name = "Slipway Project"
    _block_type_slug = "slipway-project"
    _logo_url = logo("slipway-project")
    _description = "A source tree with its services and workloads: what Slipway launches, tests, backs up and deploys."

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=False, extra="allow")

    # Prefect hides what stands in a SecretDict at the top, and nothing that is nested deeper.
    environments: dict[str, ProjectVariables] = Field(  # type: ignore[assignment]
        default_factory=dict, description=ProjectSpec.model_fields["environments"].description
    )
    secrets: SecretDict = Field(
        default_factory=lambda: SecretDict({}),
        description='Its secrets by environment, e.g. {"dev": {"API_KEY": "..."}}; never shown',
    )
    credentials: SecretDict = Field(  # type: ignore[assignment]
        default_factory=lambda: SecretDict({}),
        description=ProjectSpec.model_fields["credentials"].description,
    )

    @classmethod
    def model_json_schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Return the schema, which is made once: to save one project, Prefect asks 48 times."""
        return dict(cls._schema(*args, **kwargs))

    @classmethod
    @cache
    def _schema(cls, *args: Any, **kwargs: Any) -> dict[str, Any]:
        return super().model_json_schema(*args, **kwargs)

    @classmethod
    def of(cls, spec: ProjectSpec) -> Project:
        """Return the block that keeps ``spec``."""
        fields = spec.model_dump(exclude={"environments", "credentials"})
        each = spec.environments.items()
        return cls(
            **fields,
            environments={name: {"variables": env.variables} for name, env in each},
            secrets={name: plain(env.secrets) for name, env in each if env.secrets},
            credentials=plain(spec.credentials),
        )

    def spec(self) -> ProjectSpec:
        """Return what was configured, as a frozen value without Prefect."""
        fields = {*ProjectSpec.model_fields, "secrets"}
        return ProjectSpec.model_validate(spec_fields(self.model_dump(include=fields)))
