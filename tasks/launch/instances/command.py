"""The command line and environment of one replica of a service; pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from blocks.project_spec import ServiceSpec
from tasks.errors import BadInputError
from tasks.launch.instances.shell import shell
from tasks.launch.variables import filled_variables, render
from tasks.release import Release

_SPECIAL = re.compile(r"[^\w@%+=:,./#-]|^#")


@dataclass(frozen=True, slots=True)
class TemplateContext:
    """The values that templates may name, beside those of the release."""

    project: str
    environment: str
    replica: int
    host: str
    port: int | None
    data: Path

    def values(self, release: Release) -> dict[str, object]:
        """Return the values by name; ``port`` is missing where the service is not on the web."""
        values: dict[str, object] = {
            "host": self.host,
            "data": self.data,
            "release": release.path,
            "version": release.version,
            "project": self.project,
            "environment": self.environment,
            "replica": self.replica,
        }
        return values if self.port is None else values | {"port": self.port}


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The arguments and the environment that the shim starts a process with."""

    argv: tuple[str, ...]
    environment: dict[str, str] = field(repr=False)


def command_line(
    service: str,
    spec: ServiceSpec,
    release: Release,
    context: TemplateContext,
    *,
    inherited: Mapping[str, str],
    variables: Mapping[str, str],
    secrets: Mapping[str, str],
    programs: Sequence[Path],
) -> CommandLine:
    """Return how one replica is started.

    Later values win: ``inherited``, HOST, ``variables`` (templates), ``secrets`` (taken as they
    are), PORT where the service has one. ``programs`` come first on the resulting PATH.

    Raises:
        BadInputError: A template names what does not exist.
    """
    where = f"projects.{context.project}.services.{service}.command"
    text = filled_in(where, spec.command, release, context)
    environment = environment_of(
        release,
        context,
        inherited=inherited,
        variables=variables,
        secrets=secrets,
        programs=programs,
    )
    return CommandLine(shell(text), environment)


def environment_of(
    release: Release,
    context: TemplateContext,
    *,
    inherited: Mapping[str, str],
    variables: Mapping[str, str],
    secrets: Mapping[str, str],
    programs: Sequence[Path],
) -> dict[str, str]:
    """Return the environment of a process there; later values win.

    Raises:
        BadInputError: A template names what does not exist.
    """
    values = context.values(release)
    filled = filled_variables(context.environment, variables, values)
    own = {"HOST": context.host, "PYTHONUNBUFFERED": "1"}
    # A service has to listen on the port that its traffic is sent to.
    port = {} if context.port is None else {"PORT": str(context.port)}
    merged = {**inherited, **own, **filled, **secrets, **port}
    return {**merged, "PATH": searched_first(programs, merged.get("PATH", ""))}


def filled_in(where: str, command: str, release: Release, context: TemplateContext) -> str:
    """Return ``command``, configured at ``where``, with its templates filled in.

    A version that the shell would not read as one word is refused: Git allows `a;b` and `$(b)`.

    Raises:
        BadInputError: A template names what does not exist, or such a version.
    """
    if _SPECIAL.search(release.version) and "version" in command:
        problem = "the shell would read this version as code"
        remedy = "Leave {{ version }} out of the command, or deploy it by its commit."
        raise BadInputError(where, release.version, problem, remedy)
    return render(where, command, context.values(release))


def searched_first(programs: Sequence[Path], path: str) -> str:
    """Return ``path`` with the folders ``programs`` searched before it."""
    return ":".join([*map(str, programs), path]).rstrip(":")
