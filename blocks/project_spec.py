"""What a user writes of a project and an environment; free of Prefect."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from blocks.providers.interface import Resources
from blocks.workload_spec import WorkloadSpec


class ServiceSpec(BaseModel):
    """One long-running process of a project."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: str = Field(
        default="",
        description=(
            "How it starts, e.g. `gunicorn app:app -b {{ host }}:{{ port }}`; "
            "empty: found in the Procfile or the manifest"
        ),
    )
    health_path: str = Field(
        default="/", description="HTTP path that answers below 400 when it is well; empty: the port"
    )
    health_timeout_seconds: float = Field(
        default=30, gt=0, description="How long it may take to become healthy"
    )
    web: bool = Field(default=True, description="Whether it gets a port and takes traffic")
    replicas: int = Field(default=1, ge=1, le=64, description="Processes side by side")
    restart: Literal["always", "on-failure", "never"] = Field(
        default="always", description="What happens when it ends by itself"
    )
    demand: Resources = Field(
        default=Resources(), description="What one replica may use; memory is its limit"
    )
    drain_seconds: float = Field(
        default=10, ge=0, description="Time for requests in flight when it is replaced"
    )


class ProjectSpec(BaseModel):
    """A source tree with one or more services, and the workloads that belong to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        description=(
            "A folder, an archive (.tar.gz, .zip) or a Git URL; "
            "`{version}` in it stands for the version asked for"
        )
    )
    version: str = Field(
        default="",
        description="The version launched when none is asked for; for Git: branch, tag or commit",
    )
    kind: Literal["auto", "python", "node", "procfile"] = Field(
        default="auto", description="How it is built; `auto` looks at its manifests"
    )
    requirements: list[str] = Field(
        default_factory=list,
        description="What its environment needs beside its own manifest, e.g. `gunicorn`, `.[web]`",
    )
    services: dict[str, ServiceSpec] = Field(
        default_factory=dict,
        description=(
            'Its services by name, e.g. {"web": {"health_path": "/health"}}; '
            "empty: what the Procfile or the manifest says"
        ),
    )
    workloads: dict[str, WorkloadSpec] = Field(
        default_factory=dict,
        description='Its workloads by name, e.g. {"tests": {"kind": "pytest"}}',
    )
    data: list[str] = Field(
        default_factory=list,
        description="Further folders to back up; its data folder `{{ data }}` always is",
    )
    repository: str = Field(default="local", description="The repository block its backups go to")


class EnvironmentSpec(BaseModel):
    """Variables, templates and secrets of dev, staging, prod and the like."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    variables: dict[str, str] = Field(
        default_factory=dict,
        description=(
            'Environment variables, e.g. {"DATABASE": "{{ data }}/shop.db"}; '
            "`{{ data }}`, `{{ port }}` and the like are filled in"
        ),
    )
    secrets: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='Environment variables that are never shown, e.g. {"API_KEY": "..."}',
    )
    inherits: str = Field(default="", description="The environment whose values it starts from")
