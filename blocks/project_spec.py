"""The configuration of a project: source, services, workloads, variables; free of Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from re import fullmatch
from typing import Annotated, Any, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    field_validator,
    model_validator,
)

from blocks.argument import short_command
from blocks.credentials import plain, without_credentials
from blocks.environment_spec import ProjectEnvironment
from blocks.parameter import NO_BOOLEAN, Seconds, SomeSeconds, Whole
from blocks.providers.interface import Resources
from blocks.redaction import without_evident_secrets
from blocks.schedule_spec import OperationSchedules, ProjectWorkload
from blocks.workload_spec import with_kind

_TAG = r"(?=.{1,100}$)[a-z0-9]+(-[a-z0-9]+)*"
_PATH = r"(/[^\s\x00-\x1f\x7f]*)?"


def _as_path(health_path: str) -> str:
    """Return ``health_path`` if HTTP can ask for it; a ValueError says what it has to be."""
    if not fullmatch(_PATH, health_path):
        raise ValueError("is not a path: begin with / and use no blanks, e.g. /health")
    return health_path


def _as_tag(tag: str) -> str:
    """Return ``tag`` if it is written like a name; a ValueError says what it has to be."""
    if not fullmatch(_TAG, tag):
        raise ValueError(
            f"{tag!r} is not a valid tag: use lower-case letters, digits and single dashes, "
            "100 characters at most"
        )
    return tag


class ServiceSpec(BaseModel):
    """One long-running process of a project."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    command: Annotated[str, AfterValidator(short_command)] = Field(
        default="",
        description=(
            "How it starts, e.g. `gunicorn app:app -b {{ host }}:{{ port }}`; "
            "empty: found in the Procfile or the manifest"
        ),
    )
    health_path: Annotated[str, AfterValidator(_as_path)] = Field(
        default="/",
        description="HTTP path that answers below 400 when it is healthy; empty: the port is checked",
    )
    health_timeout_seconds: SomeSeconds = Field(
        default=30, description="How long it may take to become healthy"
    )
    web: bool = Field(default=True, description="Whether it gets a port and takes traffic")
    port: Annotated[int, Field(ge=1, le=65535), NO_BOOLEAN] | None = Field(
        default=None,
        description="The public port of the router that users reach it on; empty: a free one",
    )
    replicas: Whole = Field(
        default=1, ge=0, le=64, description="Processes side by side; 0: it does not run"
    )
    restart: Literal["always", "on-failure", "never"] = Field(
        default="always", description="What happens when it ends by itself"
    )
    demand: Resources = Field(
        default=Resources(), description="What one replica may use; memory is its limit"
    )
    drain_seconds: Seconds = Field(
        default=10, description="Time for requests in flight when it is replaced"
    )

    @model_validator(mode="after")
    def _port_takes_traffic(self) -> Self:
        if self.port is not None and not self.web:
            problem = f"port {self.port} has no use in a service with `web: false`; leave it out"
            raise ValueError(problem)
        return self


class ProjectSpec(BaseModel):
    """A source tree with one or more services, and the workloads that belong to it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    source: str = Field(
        min_length=1,
        description=(
            "A folder, an archive (.tar.gz, .zip) or a Git URL; "
            "`{version}` in it stands for the version asked for"
        ),
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
        description="What its environment needs besides its manifest, e.g. `gunicorn`, `.[web]`",
    )
    services: dict[str, ServiceSpec] = Field(
        default_factory=dict,
        description=(
            'Its services by name, e.g. {"web": {"health_path": "/health"}}; '
            "empty: those of the Procfile or manifest; the processes of a Procfile run beside them"
        ),
    )
    before: list[Annotated[str, AfterValidator(short_command)]] | None = Field(
        default=None,
        description=(
            "Commands that must succeed before a release serves in an environment, e.g. "
            "`python manage.py migrate`; each runs once there. None: the Procfile's `release`"
        ),
    )
    before_timeout_seconds: SomeSeconds = Field(
        default=900, description="How long each of these commands may take"
    )
    workloads: dict[str, ProjectWorkload] = Field(
        default_factory=dict,
        description='Its workloads by name, e.g. {"tests": {"kind": "pytest"}}',
    )
    data: list[str] = Field(
        default_factory=list,
        description="Further folders to back up; its data folder `{{ data }}` always is",
    )
    tags: list[Annotated[str, AfterValidator(_as_tag)]] = Field(
        default_factory=list,
        description='What it belongs to, e.g. ["team-a"]; operations take `tag:team-a` for all such',
    )
    stateless: bool = Field(
        default=False,
        description="It keeps no data, so an empty backup raises no warning",
    )
    repository: str = Field(default="local", description="The repository block its backups go to")
    schedules: OperationSchedules = Field(
        default_factory=OperationSchedules,
        description=(
            'When it is backed up, shipped and reported on, e.g. {"backup": [{"cron": "0 2 * * *"}]}; '
            "`configure` applies it"
        ),
    )

    environments: dict[str, ProjectEnvironment] = Field(
        default_factory=dict,
        description=(
            'Its variables by environment, e.g. {"dev": {"variables": {"LOG_LEVEL": "debug"}}}; '
            "they win over what an environment shares"
        ),
    )
    credentials: dict[str, SecretStr] = Field(
        default_factory=dict,
        description=(
            "Users for the addresses in source and requirements, by the start of the address, "
            'e.g. {"https://example.org/": "user:token"}; never shown'
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _take_users_apart(cls, fields: Any) -> Any:
        """Move users and tokens from the addresses to the credentials, which are kept secret."""
        if not isinstance(fields, Mapping) or not isinstance(fields.get("source"), str):
            return fields
        requirements = fields.get("requirements") or []
        if not (isinstance(requirements, list) and all(isinstance(r, str) for r in requirements)):
            return fields
        source, cleaned, users = without_credentials(fields["source"], requirements)
        if not users:
            return fields
        credentials = users | plain(fields.get("credentials"))
        return {**fields, "source": source, "requirements": cleaned, "credentials": credentials}

    @field_validator("source", "requirements")
    @classmethod
    def _shows_no_secret(cls, addresses: str | list[str]) -> str | list[str]:
        """Refuse a token in the query of an address: programs would get it in an argument."""
        for address in [addresses] if isinstance(addresses, str) else addresses:
            if "?" in address and "://" in address and without_evident_secrets(address) != address:
                raise ValueError(
                    "has a token in the query of an address; write the user and token of the "
                    "address under `credentials`"
                )
        return addresses

    @field_validator("services")
    @classmethod
    def _are_names(cls, services: dict[str, ServiceSpec]) -> dict[str, ServiceSpec]:
        """Refuse names of services that could not be part of the name of a folder."""
        for name in services:
            if not fullmatch(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,62}", name):
                problem = f"{name!r} is not a valid service name: use letters, digits and . _ -"
                raise ValueError(problem)
        return services

    @model_validator(mode="after")
    def _ports_differ(self) -> Self:
        owners: dict[int, str] = {}
        for name, service in self.services.items():
            if (
                service.port is not None
                and (other := owners.setdefault(service.port, name)) != name
            ):
                problem = f"services {other} and {name} both ask for port {service.port}"
                raise ValueError(problem)
        return self

    @field_validator("workloads", mode="before")
    @classmethod
    def _steps_say_their_kind(cls, workloads: Any) -> Any:
        """Take a workload with `steps` and without a `kind` for one of declared steps."""
        if not isinstance(workloads, Mapping):
            return workloads
        return {name: with_kind(fields) for name, fields in workloads.items()}

    @field_validator("before", mode="before")
    @classmethod
    def _one_or_several(cls, commands: object) -> object:
        """Turn a single command into a list of one."""
        return [commands] if isinstance(commands, str) else commands


def spec_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of the ProjectSpec that correspond to those of a block."""
    fields = dict(document)
    environments = {name: dict(each) for name, each in (fields.get("environments") or {}).items()}
    for name, secrets in plain(fields.pop("secrets", None)).items():
        environments[name] = environments.get(name, {}) | {"secrets": secrets}
    return fields | {
        "environments": environments,
        "credentials": plain(fields.get("credentials")),
    }
