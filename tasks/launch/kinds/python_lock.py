"""Lock files of Python projects: their versions are installed exactly, or the build fails.

Each is read by the tool that wrote it, which also reports when it no longer fits its manifest. uv
fetches the other tools for that, and they export a list of versions with hashes.
"""

from __future__ import annotations

import json
import shutil
import tomllib
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from blocks.removal import discard
from tasks.errors import BadInputError
from tasks.launch.kinds.interface import run_build
from tasks.launch.kinds.manifest import normal
from tasks.text import read_text

_EXPORTED = "locked.txt"
_MANIFESTS = ("pyproject.toml", "pdm.lock", "Pipfile", "Pipfile.lock")


@dataclass(frozen=True, slots=True)
class LockTarget:
    """The environment ``env`` to install into, beside the folder ``source``.

    ``uv`` is the program of that name; ``extras`` are the requested ones of the project itself.
    """

    source: Path
    env: Path
    uv: str
    extras: tuple[str, ...] = ()

    @property
    def python(self) -> str:
        """The interpreter of the environment."""
        return str(self.env / "bin" / "python")

    def pip(self, *arguments: str) -> None:
        """Install with `uv pip`, copying: nothing may point to a folder that is renamed later."""
        options = ["--quiet", "--compile-bytecode", "--no-editable", "--python", self.python]
        run_build([self.uv, "pip", "install", *options, *arguments], self.source, {})

    def tool(self, *arguments: str, folder: Path | None = None) -> str:
        """Run a tool that uv fetches, in the source or in ``folder``; return what it writes."""
        return run_build(
            [self.uv, "tool", "run", "--quiet", *arguments], folder or self.source, _PLAIN
        )


_PLAIN = {"PDM_CHECK_UPDATE": "0", "PIPENV_NOSPIN": "1", "POETRY_VIRTUALENVS_CREATE": "false"}
_POETRY = ("--from", "poetry>=2,<3", "--with", "poetry-plugin-export", "poetry", "export")
_PDM = ("--with", "hishel<1", "--from", "pdm>=2,<3", "pdm")


def lock_of(source: Path) -> str:
    """Return the name of the lock file in ``source``; empty if there is none.

    Raises:
        BadInputError: There are several, and nobody can obey them all.
    """
    names = [name for name in INSTALLERS if (source / name).is_file()]
    if len(names) > 1:
        problem = "are several lock files, and only one can be obeyed"
        raise BadInputError("source", ", ".join(names), problem, "Keep one of them in the source.")
    return names[0] if names else ""


def install_locked(lock: str, target: LockTarget, *, package: bool) -> None:
    """Install what ``lock`` holds, and the project itself where it is a ``package``.

    Raises:
        BuildError: It cannot be installed, or no longer fits its manifest.
    """
    INSTALLERS[lock](target)
    if package and lock != "uv.lock":
        target.pip("--no-deps", ".")


def is_hashed(requirements: Path) -> bool:
    """Tell whether a requirements file has hashes, so that every package needs one."""
    return requirements.is_file() and b"--hash" in requirements.read_bytes()


def constraints(lock: str, target: LockTarget) -> Path:
    """Return a file of constraints with every version in ``lock``, for packages that are added.

    They are the installed versions, and those of its other groups and extras.
    """
    frozen = run_build([target.uv, "pip", "freeze", "--python", target.python], target.source, {})
    path = target.env.with_name("constraints.txt")
    pinned = [line for line in frozen.splitlines() if "==" in line and " @ " not in line]
    installed = {normal(line.partition("==")[0]) for line in pinned}
    pinned += [
        f"{name}=={version}"
        for name, version in locked_versions(target.source / lock).items()
        if name not in installed
    ]
    path.write_text("\n".join(pinned), "utf-8")
    return path


def locked_versions(lock: Path) -> dict[str, str]:
    """Return the version of each package that ``lock`` holds, whatever its group; it only reads.

    A package with several versions, for platforms or groups that exclude each other, is left out,
    and so is a package without any, which comes from a folder or from Git.
    """
    versions: dict[str, set[str]] = defaultdict(set)
    if lock.suffix == ".txt":
        return {}
    text = read_text("source", lock)
    if lock.name == "Pipfile.lock":
        tables = [table for key, table in json.loads(text).items() if key != "_meta"]
        packages = [{"name": name, **entry} for table in tables for name, entry in table.items()]
    else:
        document = tomllib.loads(text)
        packages = document.get("package", document.get("packages", []))
    for package in packages:
        if version := str(package.get("version", "")).removeprefix("=="):
            versions[normal(package["name"])].add(version)
    return {
        name: next(iter(candidates))
        for name, candidates in versions.items()
        if len(candidates) == 1
    }


def _uv(target: LockTarget) -> None:
    extras = [part for name in target.extras for part in ("--extra", name)]
    options = ["--quiet", "--locked", "--no-default-groups", "--no-editable", "--compile-bytecode"]
    run_build(
        [target.uv, "sync", *options, "--python", target.python, *extras],
        target.source,
        {"UV_PROJECT_ENVIRONMENT": str(target.env)},
    )


def _poetry(target: LockTarget) -> None:
    extras = ["--extras", " ".join(target.extras)] if target.extras else []
    _install(target, target.tool(*_POETRY, "--only", "main", *extras))


def _pdm(target: LockTarget) -> None:
    with _Aside(target) as folder:
        target.tool(*_PDM, "lock", "--check", folder=folder)
        groups = [part for name in target.extras for part in ("--group", name)]
        arguments = ("export", "--prod", "--format", "requirements", *groups)
        exported = target.tool(*_PDM, *arguments, folder=folder)
    _install(target, exported)


def _pipenv(target: LockTarget) -> None:
    with _Aside(target) as folder:
        target.tool("pipenv", "verify", folder=folder)
        exported = target.tool("pipenv", "requirements", "--hash", folder=folder)
    _install(target, exported)


def _pylock(target: LockTarget) -> None:
    target.pip("--requirements", "pylock.toml")


INSTALLERS: dict[str, Callable[[LockTarget], None]] = {
    "uv.lock": _uv,
    "poetry.lock": _poetry,
    "pdm.lock": _pdm,
    "Pipfile.lock": _pipenv,
    "pylock.toml": _pylock,
}
"""How each lock file is installed, by its name."""


class _Aside:
    """A folder with only the manifests, for tools that write files beside those they read."""

    def __init__(self, target: LockTarget) -> None:
        self._source, self._folder = target.source, target.env.with_name("lock")

    def __enter__(self) -> Path:
        self._folder.mkdir()
        for name in _MANIFESTS:
            if (self._source / name).is_file():
                shutil.copy(self._source / name, self._folder)
        return self._folder

    def __exit__(self, *_: object) -> None:
        discard(self._folder)


def _install(target: LockTarget, exported: str) -> None:
    """Install a list of requirements by their hashes; those from Git or a folder have none."""
    for number, (options, lines) in enumerate(split_by_hash(exported)):
        if lines:
            path = target.env.with_name(f"{number}-{_EXPORTED}")
            path.write_text("\n".join(lines), "utf-8")
            target.pip(*options, "--no-deps", "--requirements", str(path))
            path.unlink()


def split_by_hash(exported: str) -> list[tuple[Sequence[str], list[str]]]:
    """Return the requirements with hashes and those without, each with the options to install."""
    entries = exported.replace("\\\n", " ").splitlines()
    entries = [entry.strip() for entry in entries if entry.strip() and entry[0] != "#"]
    options = [entry for entry in entries if entry.startswith(("--", "-i "))]
    hashed = [entry for entry in entries if "--hash" in entry]
    plain = [entry for entry in entries if entry not in hashed and entry not in options]
    return [
        (["--require-hashes"], [*options, *hashed] if hashed else []),
        ([], [*options, *plain] if plain else []),
    ]
