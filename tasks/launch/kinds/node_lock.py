"""Lock files of Node projects: each is read by the package manager that wrote it, unchanged."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tasks.errors import BadInputError

_LOCKS = {
    "npm-shrinkwrap.json": "npm",
    "package-lock.json": "npm",
    "pnpm-lock.yaml": "pnpm",
    "yarn.lock": "yarn",
    "bun.lock": "bun",
    "bun.lockb": "bun",
}
_DECLARED = re.compile(r"^(npm|pnpm|yarn|bun)@(\d[\w.-]*)(?:\+(sha\d+)\.([0-9a-f]+))?$")
_WRITTEN_BY = re.compile(r"^(?:lockfileVersion: *'?|  version: )(\d+)", re.MULTILINE)
_PNPM = {"5": "7", "6": "8", "9": "9"}
"""The pnpm that writes a lock file of that version."""
_CLASSIC = "1.22.22"
_BERRY = {"4": "3", "5": "3", "6": "3", "8": "4"}
"""The Yarn that writes a lock file of that version."""
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error")
_OWN_FILES = ("--config.package-import-method=clone-or-copy", "--config.extend-node-path=false")
"""No hard links into the store of pnpm, which all projects share, and no path that is renamed."""
_NO_WORKSPACE_ABOVE = "--ignore-workspace"


@dataclass(frozen=True, slots=True)
class Manager:
    """A package manager: its name, its version (empty: npm as it is installed), its lock file.

    ``digest`` is the SHA-512 that `packageManager` states; ``workspace`` tells that it is one of
    pnpm.
    """

    name: str
    version: str = ""
    lock: str = ""
    digest: str = ""
    workspace: bool = False

    @property
    def package(self) -> str:
        """Its name in the registry, with its version."""
        berry = self.name == "yarn" and not self.version.startswith("1")
        return f"{'@yarnpkg/cli-dist' if berry else self.name}@{self.version}"

    @property
    def install(self) -> Sequence[str]:
        """The command that installs what its lock file holds, or fails."""
        if self.name == "npm":
            return ("npm", "ci" if self.lock else "install", *_QUIET)
        if self.name == "pnpm":
            frozen = "--frozen-lockfile" if self.lock else "--no-frozen-lockfile"
            alone = () if self.workspace else (_NO_WORKSPACE_ABOVE,)
            return ("pnpm", "install", frozen, *alone, *_OWN_FILES)
        if self.version.startswith("1"):
            exactly = ("--frozen-lockfile",) if self.lock else ()
            return ("yarn", "install", "--non-interactive", *exactly)
        return ("yarn", "install", "--immutable" if self.lock else "--no-immutable")

    def add(self, packages: Sequence[str]) -> Sequence[str]:
        """Return the command that installs further ``packages``."""
        if self.name == "npm":
            return ("npm", "install", "--no-save", *_QUIET, "--", *packages)
        own = _OWN_FILES if self.name == "pnpm" else ()
        return (self.name, "add", *own, *packages)

    def __str__(self) -> str:
        return f"{self.name} {self.version}".rstrip()


def manager_of(source: Path, manifest: Mapping[str, Any]) -> Manager:
    """Return the manager of the packages of ``source``; ``manifest`` is its package.json.

    Raises:
        BadInputError: Lock file and `packageManager` contradict, or nothing here reads them.
    """
    locks = {name: tool for name, tool in _LOCKS.items() if (source / name).is_file()}
    declared = _declared(manifest)
    tools = list(dict.fromkeys(locks.values()))
    name = declared.name if declared else (tools or ["npm"])[0]
    if (tools and name not in tools) or (not declared and len(tools) > 1):
        stated = f"packageManager is {declared}" if declared else "packageManager says nothing"
        remedy = "Keep one lock file, and name who reads it: packageManager in package.json."
        problem = f"{', '.join(locks)} cannot all be obeyed; {stated}"
        raise BadInputError("source", "package.json", problem, remedy)
    if name == "bun":
        problem, remedy = "is read only by bun", "Commit a package-lock.json instead."
        raise BadInputError("source", next(iter(locks), "packageManager"), problem, remedy)
    lock = next((lock for lock, tool in locks.items() if tool == name), "")
    is_workspace = (source / "pnpm-workspace.yaml").is_file()
    if declared:
        return Manager(name, declared.version, lock, declared.digest, is_workspace)
    return Manager(name, _writer(name, source / lock), lock, workspace=is_workspace)


def _declared(manifest: Mapping[str, Any]) -> Manager | None:
    stated = manifest.get("packageManager")
    if not stated:
        return None
    parts = _DECLARED.match(str(stated))
    if parts is None:
        remedy = "Write name and full version, e.g. pnpm@9.15.0."
        raise BadInputError("package.json: packageManager", stated, "is not known", remedy)
    digest = parts[4] if parts[3] == "sha512" else ""
    return Manager(parts[1], parts[2], digest=digest or "")


def _writer(name: str, lock: Path) -> str:
    """Return the version of the manager that wrote ``lock``, as exactly as it states."""
    if name == "npm":
        return ""
    text = lock.read_text("utf-8", errors="replace")
    stated = _WRITTEN_BY.search(text)
    if name == "yarn" and "__metadata:" not in text:
        return _CLASSIC
    version = (_BERRY if name == "yarn" else _PNPM).get(stated[1] if stated else "")
    if version is None:
        remedy = "Name the version that wrote it: packageManager in package.json."
        raise BadInputError("source", lock.name, "has an unknown format", remedy)
    return version
