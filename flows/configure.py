"""The flow `configure`: saves the blocks that `slipway.yaml` describes."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from prefect import flow, get_run_logger, task
from prefect.blocks.core import Block
from pydantic import ValidationError

from blocks.credentials import plain
from blocks.environment import Environment
from blocks.notification import Notification
from blocks.parameter import FilePath
from blocks.project import Project
from blocks.project_spec import ProjectSpec
from blocks.workload_spec import StepsWorkload, WfformatWorkload
from flows.configuration.block_loading import (
    PROJECT,
    PROVIDERS,
    REPOSITORIES,
    load_environments,
    load_providers,
    repository_folders,
)
from flows.configuration.block_reading import documents, read_once
from flows.configuration.block_saving import save_changed
from flows.configuration.notifications import make_automations, notification_blocks
from flows.configuration.remarks import remarks_on
from flows.configuration.schedules import follow_projects, refuse_impossible_schedules
from flows.configuration.source_file import left_behind
from flows.run_state.completion import remarked
from flows.run_state.failure import fails_plainly
from tasks.configuration import Configuration, read_configuration, refuse_unknown_names
from tasks.errors import BadInputError, NotFoundError, SlipwayError
from tasks.home import Home
from tasks.launch.data.carrying import carried_paths
from tasks.launch.lock import locked
from tasks.launch.sources.existence import require_source
from tasks.launch.variables import (
    check_template,
    lineage,
    refuse_impossible_templates,
    refuse_unshared,
)
from tasks.public_port_range import public_range
from tasks.roots import refuse_outside
from tasks.settings import settings
from tasks.split.declared import split_steps
from tasks.split.wfformat import import_wfformat
from tasks.validation_errors import bad_input, unknown_key

_MAX_NAMED = 6
"""Number of blocks that the state's message names."""
_PARALLEL_CHECKS = 8
"""Number of sources that are checked in parallel."""
_REMEDY = "`forget` removes a project; delete the blocks of the others in the UI."


@flow(
    name="configure",
    flow_run_name="configure from {file}",
    description=__doc__,
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def configure_flow(file: FilePath = "slipway.yaml") -> dict[str, list[str]]:
    """Load projects, environments, providers, repositories and notifications from a YAML file.

    The whole file is checked before the first block is saved, and that the sources of projects are
    there; a server that does not answer is a warning. A relative path is seen from the
    folder in which Slipway runs; relative sources in it are seen from the file.

    Args:
        file: Path of the YAML file, e.g. `slipway.yaml`.

    Returns:
        The blocks of the file, which are `saved` now, as `<type>/<name>`; those of them that were
        new or changed, and so `written`; those `left`: which this file once configured, which are
        still there, and which are no longer in it; and the `schedules` of all projects, by slug.
    """
    refuse_outside("file", Path(file), settings().allowed_roots)
    configuration = await asyncio.to_thread(read_configuration, Path(file))
    for name, environment in configuration.environments.items():
        refuse_unshared(name, environment)
    # Otherwise two files could be saved half and half, or together make what each may not.
    with locked(Home(settings().root).configuration_lock), read_once():
        return await _apply(configuration, file)


async def _apply(configuration: Configuration, file: str) -> dict[str, list[str]]:
    """Save what ``configuration``, read from ``file``, describes; return what `configure` does."""
    await _read_side_by_side()
    await _refuse_unknown(configuration)
    await refuse_impossible_schedules(configuration)
    blocks = build_blocks(configuration)
    remarks = await asyncio.to_thread(_missing_sources, configuration)
    written = await save_blocks(blocks)
    saved = sorted(blocks)
    try:
        await register_providers()
    except SlipwayError as error:  # of a block that is not in this file
        remarks.append(f"The providers stay as they were: {error}")
    remarks += await make_automations()
    remarks += await remarks_on(configuration)
    schedules, impossible = await follow_projects()
    remarks += impossible
    left = await left_behind(Path(file), saved)
    if left:
        warning = f"No longer in {file}, but still configured: {', '.join(left)}. {_REMEDY}"
        get_run_logger().warning("%s", warning)
        remarks.append(warning)
    result = {"saved": saved, "written": written, "left": left, "schedules": schedules}
    counts = f"{len(written)} written, {len(saved) - len(written)} unchanged"
    return remarked(result, f"Configured {_enumerated(saved)}: {counts}", remarks)


async def _read_side_by_side() -> None:
    """Read what is configured already, of which each part of the flow asks for some."""
    kinds: list[type[Block]] = [
        Project,
        Environment,
        Notification,
        *PROVIDERS.values(),
        *REPOSITORIES.values(),
    ]
    await asyncio.gather(*(documents(kind.get_block_type_slug()) for kind in kinds))


async def _refuse_unknown(configuration: Configuration) -> None:
    """Refuse names that nothing bears, circles of environments, and ports that are not public."""
    stored = await load_environments(without=configuration.environments)
    repositories = await repository_folders()
    refuse_unknown_names(configuration, await documents(PROJECT), stored, repositories)
    public_ports = public_range(settings())
    for name, project in configuration.projects.items():
        for service, spec in project.services.items():
            if spec.port is not None:
                public_ports.require(name, service, spec.port)
    for name in configuration.environments:
        lineage(name, {**stored, **configuration.environments})


def _enumerated(names: Sequence[str]) -> str:
    """Return a text that names all, or the first of many and the number of the others."""
    named = list(names[:_MAX_NAMED])
    if others := len(names) - len(named):
        named.append(f"{others} more")
    *first, last = named
    return f"{', '.join(first)} and {last}" if first else last


def build_blocks(configuration: Configuration) -> dict[str, Block]:
    """Return the blocks of ``configuration`` by `<type>/<name>`; nothing is saved yet."""
    blocks: dict[str, Block] = {}
    for name, project in configuration.projects.items():
        refuse_impossible_templates(name, project)
        _refuse_impossible_workloads(name, project)
        carried_paths(name, project.data)
        blocks[f"project/{name}"] = Project.of(project)
    for name, environment in configuration.environments.items():
        for variable, value in environment.variables.items():
            check_template(f"environments.{name}.variables.{variable}", value)
        blocks[f"environment/{name}"] = Environment(
            **environment.model_dump(exclude={"secrets"}), secrets=plain(environment.secrets)
        )
    for name, fields in configuration.providers.items():
        blocks[f"provider/{name}"] = _block(PROVIDERS, f"providers.{name}", fields)
    for name, fields in configuration.repositories.items():
        blocks[f"repository/{name}"] = _block(REPOSITORIES, f"repositories.{name}", fields)
    return blocks | notification_blocks(configuration.notifications)


def _missing_sources(configuration: Configuration) -> list[str]:
    """Refuse the first source that is missing; return a warning for each that cannot be checked."""
    with ThreadPoolExecutor(_PARALLEL_CHECKS) as pool:
        warnings = pool.map(require_source, configuration.projects, configuration.projects.values())
        return [warning for warning in warnings if warning]


def _block(kinds: Mapping[str, type[Block]], field: str, fields: dict[str, Any]) -> Block:
    """Build the block that ``fields["kind"]`` names; unknown kinds and keys are refused."""
    values = dict(fields)
    kind = str(values.pop("kind", ""))
    if kind not in kinds:
        raise NotFoundError(f"{field}.kind", kind, list(kinds), "Name one of them.")
    model = kinds[kind]
    for key in values:
        if key not in model.model_fields:
            raise unknown_key(f"{field}.{key}", list(model.model_fields))
    try:
        return model(**values)
    except ValidationError as error:
        raise bad_input(error, model, field) from error


def _refuse_impossible_workloads(name: str, project: ProjectSpec) -> None:
    """Refuse steps that form no graph before somebody runs them."""
    for workload, spec in project.workloads.items():
        try:
            if isinstance(spec, WfformatWorkload):
                field = f"workloads.{workload}.file"
                refuse_outside(field, Path(spec.file), settings().allowed_roots)
                import_wfformat(spec.file, field)
            elif isinstance(spec, StepsWorkload):
                split_steps(name, workload, spec, Path(), {})
        except BadInputError as error:
            raise error.below(f"projects.{name}") from error


@task(name="save blocks", task_run_name="save blocks", persist_result=False)
async def save_blocks(blocks: dict[str, Block]) -> list[str]:
    """Save those of ``blocks`` that are new or changed; return their names."""
    written = sorted(await save_changed(blocks))
    for path in written:
        get_run_logger().info("Saved %s", path)
    if unchanged := len(blocks) - len(written):
        get_run_logger().info("%d were up to date already", unchanged)
    return written


@task(name="register providers", task_run_name="register providers", persist_result=False)
async def register_providers() -> None:
    """Tell the ledger the capacity of every provider, and Prefect its lanes."""
    await load_providers([])
