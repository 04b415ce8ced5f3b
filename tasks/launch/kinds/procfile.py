"""The Procfile, which any kind of project may have, and projects that have nothing else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.project_spec import ServiceSpec
from tasks.errors import BadInputError
from tasks.launch.variables import literal
from tasks.text import read_text

RELEASE = "release"
"""The name of the command that runs before a release serves, as on Heroku; it is not a process."""

_LINE = re.compile(r"^([A-Za-z0-9_][A-Za-z0-9_.-]*):\s*(\S.*)$")


class ProcfileKind:
    """Nothing is built: its commands find their programs on PATH."""

    name = "procfile"

    def detects(self, source: Path) -> bool:
        """Tell whether there is a Procfile."""
        return (source / "Procfile").is_file()

    def toolchain(self) -> str:
        """Return nothing: nothing is built."""
        return ""

    def build(self, release: Path, requirements: Sequence[str], version: str = "") -> Sequence[str]:
        """Refuse requirements, as there is nothing to install them into."""
        _ = release, version
        if requirements:
            raise BadInputError(
                "requirements",
                list(requirements),
                "a project that is only a Procfile has no environment",
                "Write kind: python or kind: node, or leave the requirements out.",
            )
        return ()

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return none."""
        _ = release
        return ()

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return none beyond those of the Procfile, which every kind has."""
        _ = source
        return {}


def procfile_services(source: Path) -> dict[str, ServiceSpec]:
    """Return the services of its Procfile, where it has one.

    `release` is none of them: see `procfile_release`. Only `web` is on the web, as on every
    platform that reads this file. A Procfile names no health path, so only the port is probed.
    """
    path = source / "Procfile"
    if not path.is_file():
        return {}
    return {
        name: ServiceSpec(command=literal(command), web=name == "web", health_path="")
        for name, command in parse(read_text("Procfile", path)).items()
        if name != RELEASE
    }


def procfile_release(source: Path) -> str:
    """Return the `release` command of its Procfile; empty if it has none."""
    path = source / "Procfile"
    return literal(parse(read_text("Procfile", path)).get(RELEASE, "")) if path.is_file() else ""


def parse(text: str) -> dict[str, str]:
    """Return the command of each `name: command` line; empty lines and # comments are skipped."""
    commands: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.match(line)
        if match is None or match[1] in commands:
            problem = "is named twice" if match else "is not `name: command`"
            raise BadInputError(
                f"Procfile:{number}", line, problem, "Write e.g. web: gunicorn app:app"
            )
        commands[match[1]] = match[2].strip()
    return commands
