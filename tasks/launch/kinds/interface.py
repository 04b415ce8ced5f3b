"""What every kind of project promises."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from blocks.project_spec import ServiceSpec
from blocks.providers.inherited import inherited
from blocks.redaction import without_passwords
from tasks.errors import SlipwayError, printable
from tasks.launch.access import access_variables
from tasks.launch.boundary import ceiling
from tasks.launch.kinds.reason import reason

_NAMED_ARGUMENTS = 4
"""What of a command line is shown: the rest is options and paths of ours."""


class BuildError(SlipwayError):
    """A project could not be built; the message says why, ``output`` is all that was said."""

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
        """Return what, beside the source, decides what is built: part of the digest.

        Raises:
            MissingProgramError: What builds it is not installed.
        """
        ...

    def build(self, release: Path, requirements: Sequence[str], version: str = "") -> Sequence[str]:
        """Build ``release``/source, into ``release``/env where it has an environment of its own.

        The folder is renamed afterwards: nothing in it may hold its path. ``version`` is what is
        known of the version where no manifest says it, as of `git describe`. Returns a sentence
        for each file that said what was installed.

        Raises:
            BadInputError: A manifest or lock file cannot be used.
            BuildError: The build tool failed.
        """
        ...

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the folders of programs that go in front of PATH."""
        ...

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return the services its manifest names, beyond those of a Procfile."""
        ...


def run_build(argv: Sequence[str], cwd: Path, variables: Mapping[str, str]) -> str:
    """Run one command of a build and return what it wrote.

    Raises:
        BuildError: It failed.
    """
    surroundings = ceiling(cwd.parent) | access_variables()
    environment = inherited(os.environ) | surroundings | dict(variables)
    done = subprocess.run(
        argv,
        cwd=cwd,
        check=False,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        env=environment,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode != 0:
        said = without_passwords(f"{done.stdout}\n{done.stderr}")
        program = " ".join([Path(argv[0]).name, *map(str, argv[1:_NAMED_ARGUMENTS])])
        told = f"`{program}` failed (exit code {done.returncode})"
        raise BuildError(f"{told}:\n{reason(said) or 'it wrote nothing'}", said)
    return done.stdout
