"""The Project block: a source tree, its services and its workloads, as configured in the UI."""

from __future__ import annotations

from typing import ClassVar

from prefect.blocks.core import Block
from pydantic import ConfigDict

from blocks.logo import logo
from blocks.project_spec import ProjectSpec


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
        ).save("shop")
        ```
    """

    _block_type_name = "Slipway Project"
    _block_type_slug = "slipway-project"
    _logo_url = logo("slipway-project")
    _description = "A source tree with its services and workloads: what Slipway launches, tests, backs up and deploys."

    model_config: ClassVar[ConfigDict] = ConfigDict(frozen=False, extra="allow")

    def spec(self) -> ProjectSpec:
        """Return what was configured, as a frozen value without Prefect."""
        return ProjectSpec.model_validate(self.model_dump(include=set(ProjectSpec.model_fields)))
