"""Python projects: each release has a virtual environment, made by uv."""

from __future__ import annotations

import platform
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import uv

from blocks.project_spec import ServiceSpec
from tasks.errors import MissingProgramError
from tasks.launch.kinds.interface import run_build
from tasks.launch.kinds.interpreter import interpreter
from tasks.launch.kinds.manifest import distribution_name, own_extras, pyproject
from tasks.launch.kinds.python_lock import (
    LockTarget,
    constraints,
    install_locked,
    is_hashed,
    lock_of,
)
from tasks.launch.kinds.scm_version import built_wheel
from tasks.text import read_text

_MANIFESTS = ("pyproject.toml", "setup.py", "setup.cfg", "requirements.txt", "Pipfile")


class PythonKind:
    """Installs what a lock file holds, else requirements.txt, the project itself and its extras.

    The environment has the Python that Slipway runs on, unless `requires-python` requires
    another. No manifest of a Python project states the command that starts it, so that it has
    services only by Procfile or configuration.
    """

    name = "python"

    def detects(self, source: Path) -> bool:
        """Tell whether there is a manifest of a Python project."""
        return any((source / name).is_file() for name in _MANIFESTS)

    def toolchain(self) -> str:
        """Return version and platform of the Python that runs it."""
        return f"{sys.implementation.cache_tag} {platform.python_version()} {platform.platform()}"

    def build(self, release: Path, requirements: Sequence[str], version: str = "") -> Sequence[str]:
        """Make ``release``/env, and install into it."""
        program, source, env = _uv(), release / "source", release / "env"
        manifest, lock = pyproject(source), lock_of(source)
        python = interpreter(program, source, manifest)
        run_build(
            [program, "venv", "--quiet", "--relocatable", "--python", python, str(env)], source, {}
        )
        extras, others = own_extras(distribution_name(source, manifest), requirements)
        target = LockTarget(source, env, program, tuple(extras))
        package = is_package(source, manifest) or len(others) < len(requirements)
        if lock:
            install_locked(lock, target, package=package)
            if others:
                target.pip("--constraints", str(constraints(lock, target)), *others)
            return [_lock_sentence(lock, source)]
        return _unlocked(target, others, version, package=package)

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the bin folder of its environment."""
        return (release / "env" / "bin",)

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return none: see the class."""
        _ = source
        return {}


def _unlocked(
    target: LockTarget, requirements: Sequence[str], version: str, *, package: bool
) -> list[str]:
    """Install what the manifests require; a requirements file with hashes first, and exactly."""
    source, sentences = target.source, []
    options: list[str] = []
    packages = list(requirements)
    if (source / "requirements.txt").is_file():
        read_text(
            "source", source / "requirements.txt"
        )  # refuses a file that is not text, with its place
    if is_hashed(source / "requirements.txt"):
        target.pip("--require-hashes", "--requirements", "requirements.txt")
        options = ["--constraints", str(constraints("requirements.txt", target))]
        sentences.append("uv read requirements.txt, every package by its hash.")
    elif (source / "requirements.txt").is_file():
        packages += ["--requirements", "requirements.txt"]
        sentences.append("uv read requirements.txt.")
    if package:
        extras = f"[{','.join(target.extras)}]" if target.extras else ""
        packages.append(f"{built_wheel(target, version)}{extras}")
        sentences.append(
            "uv installed the project itself; no lock file says which versions it needs."
        )
    if packages:
        target.pip(*options, *packages)
    return sentences


def _lock_sentence(lock: str, source: Path) -> str:
    """Return a sentence on the lock file that was read, and a requirements file that was not."""
    ignored = "; requirements.txt was not read" if (source / "requirements.txt").is_file() else ""
    return f"uv installed exactly what {lock} holds{ignored}."


def is_package(source: Path, manifest: Mapping[str, Any]) -> bool:
    """Tell whether the project can be installed, as a file with only tool settings cannot."""
    tools = manifest.get("tool", {})
    if (
        tools.get("poetry", {}).get("package-mode") is False
        or tools.get("pdm", {}).get("distribution") is False
        or tools.get("uv", {}).get("package") is False
    ):
        return False
    if (source / "setup.py").is_file() or not {"project", "build-system"}.isdisjoint(manifest):
        return True
    return bool(distribution_name(source, manifest))


def _uv() -> str:
    try:
        return uv.find_uv_bin()
    except FileNotFoundError as error:
        raise MissingProgramError("uv", f"{sys.executable} -m pip install uv") from error
