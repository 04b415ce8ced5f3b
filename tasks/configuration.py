"""Reads `slipway.yaml`: projects, environments, providers, repositories and notifications."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping
from difflib import get_close_matches
from pathlib import Path
from re import fullmatch
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from blocks.environment_spec import ALL, VARIABLE_NAME, EnvironmentSpec
from blocks.parameter import WorkloadName
from blocks.project_spec import ProjectSpec
from blocks.workload_spec import WfformatWorkload
from tasks.document import read_document
from tasks.errors import BadInputError, NotFoundError
from tasks.notification_spec import NotificationSpec, refuse_unknown_subjects
from tasks.validation_errors import bad_input, refuse_unusable_text

Model = TypeVar("Model", bound=BaseModel)
BLOCK_NAME = r"^(?=.{1,100}$)[a-z0-9]+(-[a-z0-9]+)*$"
"""What names a block; an operation takes no longer name."""
_WORKLOAD_NAME = TypeAdapter(WorkloadName)


class Configuration(BaseModel):
    """The whole file. Providers and repositories stay mappings: their kind says how to read them."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    projects: dict[str, ProjectSpec] = Field(default_factory=dict)
    environments: dict[str, EnvironmentSpec] = Field(default_factory=dict)
    providers: dict[str, dict[str, Any]] = Field(default_factory=dict)
    repositories: dict[str, dict[str, Any]] = Field(default_factory=dict)
    notifications: dict[str, NotificationSpec] = Field(default_factory=dict)


def read_configuration(path: Path, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read and check ``path``; `{env: NAME}` becomes that variable of ``environ``.

    Raises:
        BadInputError: The file cannot be read, is not YAML, has a wrong or unknown key, or
            configures nothing.
    """
    path = path.expanduser()
    document = read_document("file", path)
    if not isinstance(document, dict):
        remedy = f"Write {', '.join(f'{key}:' for key in Configuration.model_fields)}."
        raise BadInputError("file", str(path), "is not a mapping", remedy)
    own = {key: value for key, value in document.items() if not _is_extension(key)}
    _require_section(path, own)
    refuse_unusable_text("", own)
    configuration = checked(Configuration, _with_environment(own, "", environ))
    _require_something(path, configuration)
    return _relative_to(path.parent.resolve(), _with_block_names(configuration))


def _require_section(path: Path, own: Mapping[object, object]) -> None:
    """Refuse a file that is something else, before any of its content is quoted."""
    sections = list(Configuration.model_fields)
    if own and not any(get_close_matches(str(key), sections, n=1) for key in own):
        problem = "is not a configuration file"
        remedy = f"Name one with {', '.join(sections)} at its top."
        raise BadInputError("file", str(path), problem, remedy)


def _require_something(path: Path, configuration: Configuration) -> None:
    """Refuse a file that is empty, or holds sections with nothing in them."""
    *others, last = sections = list(Configuration.model_fields)
    if not any(getattr(configuration, section) for section in sections):
        remedy = (
            f"Write at least one of its {', '.join(others)} or {last}; what was configured once "
            "stays, and `forget` removes a project."
        )
        raise BadInputError("file", str(path), "configures nothing", remedy)


def _is_extension(key: object) -> bool:
    """Tell whether a key at the top is the user's own: `x-...`, for values that are named twice."""
    return isinstance(key, str) and key.startswith("x-")


def refuse_unknown_names(
    configuration: Configuration,
    projects: Collection[str],
    environments: Collection[str],
    repositories: Collection[str],
) -> None:
    """Refuse a name that a project, an environment or a notification uses and nothing bears.

    ``projects``, ``environments`` and ``repositories`` are those that are configured already.

    Raises:
        NotFoundError: The name is neither among these, nor in ``configuration``.
    """
    known_environments = sorted({*environments, *configuration.environments})
    known_repositories = sorted({*repositories, *configuration.repositories})
    for name, project in configuration.projects.items():
        if project.repository not in known_repositories:
            remedy = "Correct it, or add it to `repositories`."
            raise NotFoundError(
                f"projects.{name}.repository", project.repository, known_repositories, remedy
            )
        for used in project.environments:
            if used not in known_environments:
                remedy = (
                    "Correct it, or add it with who inherits it: "
                    f"`environments: {{{used}: {{}}, dev: {{inherits: {used}}}}}`; without "
                    f"`inherits`, its values reach only what is launched in {used}."
                )
                raise NotFoundError(
                    f"projects.{name}.environments", used, known_environments, remedy
                )
    known_projects = sorted({*projects, *configuration.projects, ALL})
    for name, environment in configuration.environments.items():
        for project_name in environment.shared_with:
            if project_name not in known_projects:
                field = f"environments.{name}.shared_with"
                raise NotFoundError(
                    field,
                    project_name,
                    known_projects,
                    "Correct it, or configure that project.",
                )
    refuse_unknown_subjects(
        configuration.notifications,
        {*projects, *configuration.projects},
        known_environments,
    )


def checked(model: type[Model], fields: object, prefix: str = "") -> Model:
    """Build ``model`` from ``fields``; the first thing wrong becomes a BadInputError."""
    try:
        return model.model_validate(fields)
    except ValidationError as error:
        raise bad_input(error, model, prefix) from error


def _with_environment(value: object, field: str, environ: Mapping[str, str]) -> object:
    """Replace every `{env: NAME}` in ``value``."""
    if isinstance(value, dict):
        if set(value) == {"env"} and isinstance(value["env"], str):
            return _variable(field, value["env"], environ)
        return {
            key: _with_environment(item, f"{field}.{key}".lstrip("."), environ)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [_with_environment(item, f"{field}.{n}", environ) for n, item in enumerate(value)]
    return value


def _variable(field: str, name: str, environ: Mapping[str, str]) -> str:
    if name in environ:
        return environ[name]
    if not VARIABLE_NAME.fullmatch(name):  # perhaps the value itself, which may be secret
        problem, remedy = "is not the name of a variable", "Write e.g. {env: API_KEY}."
        raise BadInputError(field, "(hidden)", problem, remedy)
    remedy = f"export {name}=..., then make down and make up: the worker gets it at its start."
    raise BadInputError(field, name, "is not set in the environment", remedy)


def _with_block_names(configuration: Configuration) -> Configuration:
    """Refuse names that Prefect does not take for a block document."""
    for section in Configuration.model_fields:
        for name in getattr(configuration, section):
            if not fullmatch(BLOCK_NAME, name):
                remedy = "Use lower-case letters, digits and single dashes, 100 characters at most."
                raise BadInputError(section, name, "is not a valid name", remedy)
    for project, spec in configuration.projects.items():
        for name in spec.workloads:
            _refuse_workload_name(f"projects.{project}.workloads", name)
    return configuration


def _refuse_workload_name(field: str, name: str) -> None:
    """Refuse a name that no operation would take."""
    try:
        _WORKLOAD_NAME.validate_python(name)
    except ValidationError as error:
        remedy = "Begin with no blank, use no control characters, and 100 characters at most."
        raise BadInputError(field, name, "is not a valid name", remedy) from error


def _relative_to(folder: Path, configuration: Configuration) -> Configuration:
    """Make sources and locations that are relative paths absolute, seen from ``folder``."""
    projects = {name: _project(spec, folder) for name, spec in configuration.projects.items()}
    repositories = {
        name: fields | {"location": absolute_source(str(fields["location"]), folder)}
        if "location" in fields
        else fields
        for name, fields in configuration.repositories.items()
    }
    return configuration.model_copy(update={"projects": projects, "repositories": repositories})


def _project(spec: ProjectSpec, folder: Path) -> ProjectSpec:
    workloads = {
        name: workload.model_copy(update={"file": absolute_source(workload.file, folder)})
        if isinstance(workload, WfformatWorkload)
        else workload
        for name, workload in spec.workloads.items()
    }
    source = absolute_source(spec.source, folder)
    return spec.model_copy(update={"source": source, "workloads": workloads})


def absolute_source(source: str, folder: Path) -> str:
    """Return ``source`` seen from ``folder``, unless it is a URL or absolute already."""
    if ":" in source or source.startswith(("/", "~")):
        return source
    return str(folder / source)
