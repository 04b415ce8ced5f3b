"""Node projects: node_modules a release, made by npm in the copied source tree."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.project_spec import ServiceSpec
from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.kinds.interface import run_build

_INSTALL = "apt-get install nodejs npm (macOS: brew install node)"


class NodeKind:
    """Runs `npm ci` where there is a lock file, `npm install` else, then the `build` script."""

    name = "node"

    def detects(self, source: Path) -> bool:
        """Tell whether there is a package.json."""
        return (source / "package.json").is_file()

    def toolchain(self) -> str:
        """Return the version of the Node that runs it."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise MissingProgramError(program, _INSTALL)
        asked = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True)
        return f"node {asked.stdout.strip()}"

    def build(self, release: Path, requirements: Sequence[str]) -> None:
        """Install its dependencies, and further packages that are asked for."""
        source, quiet = release / "source", ["--no-audit", "--no-fund", "--loglevel=error"]
        locked = any(
            (source / name).is_file() for name in ("package-lock.json", "npm-shrinkwrap.json")
        )
        run_build(["npm", "ci" if locked else "install", *quiet], source, {})
        if requirements:
            run_build(["npm", "install", "--no-save", *quiet, "--", *requirements], source, {})
        if "build" in scripts(source):
            run_build(["npm", "run", "build"], source, {})

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the folder of its packages' programs."""
        return (release / "source" / "node_modules" / ".bin",)

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return `web`, where there is a `start` script."""
        if "start" not in scripts(source):
            return {}
        return {"web": ServiceSpec(command="npm start", health_path="")}


def scripts(source: Path) -> Mapping[str, str]:
    """Return the scripts of its package.json."""
    try:
        manifest = json.loads((source / "package.json").read_text("utf-8"))
    except ValueError as error:
        raise BadInputError(
            "source", "package.json", f"is no JSON ({error})", "Mend it in the source."
        ) from error
    found: Mapping[str, str] = manifest.get("scripts", {})
    return found
