"""The environment of a workload's step: its variables, and the programs of its release on PATH."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from blocks.providers.process.inherited import inherited
from tasks.errors import BadInputError
from tasks.launch.boundary import ceiling
from tasks.launch.detection import KINDS
from tasks.launch.instances.command import TemplateContext, searched_first
from tasks.launch.target import Target
from tasks.launch.variables import filled_variables
from tasks.launch.workspace import PROGRAMS
from tasks.release import Release
from tasks.settings import Settings
from tasks.workload import StepGraph


def programs_first(
    release: Release, environ: Mapping[str, str], own: Mapping[str, str] | None = None
) -> dict[str, str]:
    """Return the variables of ``environ`` that a step may see, overridden by its ``own`` ones.

    The programs of ``release`` come first on PATH in any case. ``release`` is a workspace: what a
    step installs goes there, and nowhere else.
    """
    variables = {
        **inherited(environ),
        **ceiling(release.path),
        **_installs_into(release),
        "PYTHONUNBUFFERED": "1",
        **(own or {}),
    }
    return {**variables, "PATH": path_of(release, variables.get("PATH", ""))}


def path_of(release: Release, path: str) -> str:
    """Return ``path`` with the programs of ``release`` before it."""
    programs = KINDS[release.kind].programs(release.path)
    return f"{searched_first(programs, path)}:{release.path / PROGRAMS}"


def searching_first(graph: StepGraph, release: Release, path: str) -> StepGraph:
    """Return ``graph`` whose steps find the programs of ``release`` first.

    ``path`` is the PATH of a step that has none of its own.
    """
    steps = tuple(
        replace(step, environment={**step.environment, "PATH": path_of(release, own)})
        if (own := step.environment.get("PATH", path)) != path
        else step
        for step in graph.steps
    )
    return replace(graph, steps=steps)


def _installs_into(release: Release) -> dict[str, str]:
    """Have uv and every pip install into the environment of ``release``, without hard links.

    A write to a file that is linked from uv's cache changes all environments with that file.
    """
    variables = {"UV_LINK_MODE": "copy"}
    env = release.path / "env"
    if (env / "bin" / "python").exists():
        variables |= {"VIRTUAL_ENV": str(env), "PIP_PYTHON": str(env / "bin" / "python")}
    return variables


def with_environment(
    target: Target, release: Release, config: Settings, environ: Mapping[str, str]
) -> dict[str, str]:
    """Return `programs_first` with the environment's variables and secrets, as services see them.

    Raises:
        BadInputError: A template names a value that does not exist.
    """
    context = TemplateContext(
        project=target.project,
        environment=target.environment,
        replica=0,
        host=config.host,
        port=None,
        data=config.root / "data" / target.project / target.environment,
    )
    values = context.values(release)
    filled = filled_variables(target.environment, target.variables, values)
    return programs_first(release, environ, {**filled, **target.secrets})


def interpreter(release: Release) -> Path:
    """Return the Python of ``release``.

    Raises:
        BadInputError: It is not a Python project.
    """
    for folder in KINDS[release.kind].programs(release.path):
        if (folder / "python").exists():
            return folder / "python"
    raise BadInputError(
        "workload.kind",
        "pytest",
        f"{release.project} is a {release.kind} project without a Python of its own",
        "Set kind: python for the project, or declare the workload as steps.",
    )
