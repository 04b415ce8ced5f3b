"""The interface of a project kind, and the running of its build commands."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from blocks.file_system import full_file_system, tells_no_room
from blocks.printable import printable
from blocks.project_spec import ServiceSpec
from blocks.providers.process.bounded import run_bounded
from blocks.providers.process.inherited import inherited
from tasks.cancellation import is_cancelled
from tasks.errors import SlipwayError
from tasks.launch.access import access, access_variables, redacted, without_users
from tasks.launch.boundary import ceiling
from tasks.launch.build_limit import current_limit
from tasks.launch.kinds.reason import reason
from tasks.narration import doing

_NAMED_ARGUMENTS = 4
"""How many arguments of a command line are shown: the rest are options and paths of ours."""


class BuildError(SlipwayError):
    """A project could not be built; the message says why, ``output`` is all that was written."""

    def __init__(self, message: str, output: str = "") -> None:
        super().__init__(message)
        self.output = printable(output)


class Kind(Protocol):
    """A way of building; ``name`` is what users write at `kind`."""

    name: str

    def detects(self, source: Path) -> bool:
        """Tell whether the manifests in ``source`` are of this kind."""
        ...

    def toolchain(self) -> str:
        """Return the versions that, beside the source, decide what is built: part of the digest.

        Raises:
            MissingProgramError: The build tool is not installed.
        """
        ...

    def build(self, release: Path, requirements: Sequence[str], version: str = "") -> Sequence[str]:
        """Build ``release``/source, into ``release``/env where it has an environment of its own.

        The folder is renamed afterwards: nothing in it may hold its path. ``version`` is the
        version as far as it is known where no manifest states it, e.g. by `git describe`. Returns a
        sentence for each file that decided what was installed.

        Raises:
            BadInputError: A manifest or lock file cannot be used.
            BuildError: The build tool failed.
        """
        ...

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the folders of programs that come first on PATH."""
        ...

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return the services its manifest names, beyond those of a Procfile."""
        ...


def run_build(argv: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> str:
    """Run one command of a build and return its output; it has no terminal to ask questions on.

    Raises:
        BuildError: It failed, or reached the limit and was ended with all that it started.
    """
    visible, users = without_users(argv)
    limit, program = current_limit(), _program(visible)
    with access(users), doing(f"running `{program}`"):
        extra_variables = ceiling(cwd.parent) | access_variables()
        finished = run_bounded(
            visible,
            inherited(os.environ) | extra_variables | dict(variables),
            cwd=cwd,
            limit_seconds=limit.left,
            cancelled=is_cancelled,
        )
        output = finished.output.decode(errors="replace")
        if finished.code == 0:
            return output
        program = redacted(program)
        output, error_text = redacted(output), redacted(finished.complaint.decode(errors="replace"))
        all_output = f"{output}\n{error_text}"
    if finished.by_itself:
        summary = f"`{program}` failed (exit code {finished.code})"
    else:
        summary = f"`{program}` was ended: {limit.reason}. Its output"
    no_room = f"\n{full_file_system(all_output, cwd)}" if tells_no_room(all_output) else ""
    raise BuildError(
        f"{summary}:\n{reason(output, error_text) or 'it wrote nothing'}{no_room}", all_output
    )


def _program(argv: Sequence[str]) -> str:
    return " ".join([Path(argv[0]).name, *map(str, argv[1:_NAMED_ARGUMENTS])])
