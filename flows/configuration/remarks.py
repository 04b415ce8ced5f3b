"""Sentences on what a configuration lacks or holds in vain, although it can be saved."""

from __future__ import annotations

import asyncio
from pathlib import Path

from blocks.environment_spec import ProjectVariables
from blocks.project_spec import ProjectSpec
from flows.configuration.block_loading import load_environments, own_ledger
from tasks.configuration import Configuration
from tasks.launch.data.messages import proposed_data
from tasks.launch.detection import start_problem
from tasks.launch.variables import own_variable_warnings, values_for_nobody
from tasks.ledger.instances import instances


async def remarks_on(configuration: Configuration) -> list[str]:
    """Return sentences on projects without a start command or named data, and on values in vain."""
    of_projects = [
        sentence
        for name, project in configuration.projects.items()
        for sentence in await asyncio.to_thread(_project_remarks, name, project)
    ]
    return [
        *of_projects,
        *_variable_remarks(configuration),
        *await _values_for_nobody(configuration),
    ]


def _project_remarks(name: str, project: ProjectSpec) -> list[str]:
    """Return sentences on what a project lacks: a start command, named data; if it can be read."""
    source = Path(project.source).expanduser()
    if not source.is_dir():
        return []
    commands = [service.command for service in project.services.values()]
    problem = start_problem(name, project, source)
    return [
        *filter(None, [problem]),
        *proposed_data(name, project, source, commands, {}),
    ]


def _variable_remarks(configuration: Configuration) -> list[str]:
    """Return sentences on variables that replace those that Slipway sets, or cannot."""
    shared: dict[str, ProjectVariables] = {
        f"environments.{name}": each for name, each in configuration.environments.items()
    }
    own = {
        f"projects.{project}.environments.{name}": each
        for project, spec in configuration.projects.items()
        for name, each in spec.environments.items()
    }
    return [
        sentence
        for field, each in (shared | own).items()
        for sentence in own_variable_warnings(f"{field}.variables", each.variables)
    ]


async def _values_for_nobody(configuration: Configuration) -> list[str]:
    """Return sentences on values that no service will ever get, in all current environments."""
    environments = await load_environments()

    def look() -> list[str]:
        """Ask the ledger where services of each project run."""
        with own_ledger() as ledger:
            return [
                sentence
                for name, project in configuration.projects.items()
                for sentence in values_for_nobody(
                    name,
                    project.environments,
                    environments,
                    {instance.environment for instance in instances(ledger, project=name)},
                )
            ]

    return await asyncio.to_thread(look)
