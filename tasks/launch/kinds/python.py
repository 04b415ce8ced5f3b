"""Python projects: a virtual environment a release, made by uv."""

from __future__ import annotations

import platform
import sys
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

from blocks.project_spec import ServiceSpec
from tasks.errors import MissingProgramError
from tasks.launch.kinds.interface import run_build

_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt")


class PythonKind:
    """Installs requirements.txt, the project itself where it is a package, and what is asked for.

    The environment has the Python that Slipway runs on. Which command starts such a project
    stands in none of its manifests, so that it has services only by Procfile or configuration.
    """

    name = "python"

    def detects(self, source: Path) -> bool:
        """Tell whether there is a manifest of a Python project."""
        return any((source / name).is_file() for name in _MANIFESTS)

    def toolchain(self) -> str:
        """Return version and platform of the Python that runs it."""
        return f"{sys.implementation.cache_tag} {platform.python_version()} {platform.platform()}"

    def build(self, release: Path, requirements: Sequence[str]) -> None:
        """Make ``release``/env, and install into it."""
        program, source, env = _uv(), release / "source", release / "env"
        run_build(
            [program, "venv", "--quiet", "--relocatable", "--python", sys.executable, str(env)],
            source,
            {},
        )
        wanted = arguments(source, requirements)
        if wanted:
            python = str(env / "bin" / "python")
            options = ["--quiet", "--compile-bytecode", "--python", python]
            run_build([program, "pip", "install", *options, *wanted], source, {})

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the bin folder of its environment."""
        return (release / "env" / "bin",)

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return none: see the class."""
        _ = source
        return {}


def arguments(source: Path, requirements: Sequence[str]) -> list[str]:
    """Return what `uv pip install` is given, in the folder ``source``."""
    wanted = []
    if (source / "requirements.txt").is_file():
        wanted += ["--requirements", "requirements.txt"]
    asked_for_itself = any(item.startswith(".") for item in requirements)
    if is_package(source) and not asked_for_itself:
        wanted.append(".")
    return [*wanted, *requirements]


def is_package(source: Path) -> bool:
    """Tell whether the project itself can be installed: settings of tools alone are no package."""
    if (source / "setup.py").is_file():
        return True
    manifest = source / "pyproject.toml"
    if not manifest.is_file():
        return False
    return not {"project", "build-system"}.isdisjoint(tomllib.loads(manifest.read_text("utf-8")))


def _uv() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise MissingProgramError("uv", f"{sys.executable} -m pip install uv") from error
