"""Node projects: each release has its node_modules, made by the package manager it names."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.project_spec import ServiceSpec
from blocks.removal import remove
from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.copies import copy_tree
from tasks.launch.kinds.interface import BuildError, run_build
from tasks.launch.kinds.manifest import package_json
from tasks.launch.kinds.node_lock import Manager, manager_of
from tasks.launch.kinds.node_package import built_entry

_INSTALL = "apt-get install nodejs npm (macOS: brew install node)"
_TOOLS = "tools"
_PROGRAMS = Path("node_modules") / ".bin"
_LINKED = {"YARN_NODE_LINKER": "node-modules", "YARN_ENABLE_TELEMETRY": "0", "CI": "1"}
"""Variables that have Yarn install into node_modules, where programs look for packages."""
_NOT_OF_PACKAGES = frozenset({"prepublish", "preprepare", "prepare", "postprepare"})
"""Scripts that npm executes where a tree is installed, and not where a package is."""
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error")


class NodeKind:
    """Runs the manager that lock file and `packageManager` name, then the `build` script.

    A manager that is not the installed npm is fetched from the registry into the release, and is
    on PATH for its scripts.
    """

    name = "node"

    def detects(self, source: Path) -> bool:
        """Tell whether there is a package.json."""
        return (source / "package.json").is_file()

    def toolchain(self) -> str:
        """Return the version of the Node that runs it."""
        for program in ("node", "npm"):
            if shutil.which(program) is None:
                raise MissingProgramError(program, _INSTALL)
        return f"node {run_build(['node', '--version'], Path.home(), {}).strip()}"

    def build(self, release: Path, requirements: Sequence[str], version: str = "") -> Sequence[str]:
        """Install its dependencies and the additional ``requirements``; run its `build`.

        A packed package is built already: where its build fails, it is installed as npm installs
        packages that others need.
        """
        _ = version
        source, packed = release / "source", release / "packed"
        entry = built_entry(source, package_json(source))
        if not entry:
            return _install_and_build(release, requirements)
        copy_tree(source, packed)
        try:
            return _install_and_build(release, requirements)
        except BuildError as error:
            remove(source)
            copy_tree(packed, source)
            _install_packed(source, requirements)
            sentence = (
                f"package.json is started by {entry}, which the package already has, so it is "
                f"taken "
                "as it is, without its dev dependencies, although building it again failed: "
                f"{' '.join(str(error).split())}"
            )
            return [sentence]
        finally:
            remove(packed)

    def programs(self, release: Path) -> tuple[Path, ...]:
        """Return the folders of its packages' programs and of its package manager."""
        return (release / "source" / _PROGRAMS, release / _TOOLS / _PROGRAMS)

    def services(self, source: Path) -> Mapping[str, ServiceSpec]:
        """Return `web`, where there is a `start` script."""
        if "start" not in scripts(source):
            return {}
        return {"web": ServiceSpec(command="npm start", health_path="")}


def scripts(source: Path) -> Mapping[str, str]:
    """Return the scripts of its package.json."""
    declared: Mapping[str, str] = package_json(source).get("scripts", {})
    return declared


def _install_and_build(release: Path, requirements: Sequence[str]) -> Sequence[str]:
    """Install all dependencies and build it; return which manager read which file."""
    source = release / "source"
    manifest = package_json(source)
    manager = manager_of(source, manifest)
    variables = _fetch_manager(release, manager) | _LINKED
    if not manager.lock and manager.name == "yarn":
        (source / "yarn.lock").touch()  # else Yarn takes it for a part of a project above
    run_build(manager.install, source, variables)
    if requirements:
        run_build(manager.add(requirements), source, variables)
    if "build" in manifest.get("scripts", {}):
        run_build([manager.name, "run", "build"], source, variables)
    read = manager.lock or "package.json; no lock file says which versions it needs"
    return [f"{manager} read {read}."]


def _install_packed(source: Path, requirements: Sequence[str]) -> None:
    """Install what it needs to run, as npm does for a package that others need.

    Dev dependencies are removed first, as npm fails on one that it cannot find even when it is to
    leave them out.
    """
    file = source / "package.json"
    original, manifest = file.read_bytes(), dict(package_json(source))
    manifest.pop("devDependencies", None)
    manifest["scripts"] = {
        name: script for name, script in scripts(source).items() if name not in _NOT_OF_PACKAGES
    }
    npm = Manager("npm")
    try:
        file.write_text(json.dumps(manifest), "utf-8")
        run_build([*npm.install, "--no-package-lock"], source, _LINKED)
        if requirements:
            run_build(npm.add(requirements), source, _LINKED)
    finally:
        file.write_bytes(original)


def _fetch_manager(release: Path, manager: Manager) -> dict[str, str]:
    """Fetch ``manager`` into the release, unless it is the installed npm; return its PATH.

    Raises:
        BadInputError: The registry has it with another digest than `packageManager` states.
    """
    if not manager.version:
        return {}
    tools = release / _TOOLS
    tools.mkdir()
    install = ["npm", "install", "--prefix", str(tools), "--no-save", *_QUIET, manager.package]
    run_build(install, tools, {})
    if manager.digest and not manager.package.startswith("@"):  # for that, Yarn hashes one file
        lock = json.loads((tools / "node_modules" / ".package-lock.json").read_text("utf-8"))
        integrity = lock["packages"][f"node_modules/{manager.name}"]["integrity"]
        digest = base64.b64decode(integrity.removeprefix("sha512-")).hex()
        if digest != manager.digest:
            problem = f"the registry has it with the SHA-512 {digest}"
            raise BadInputError("packageManager", manager.digest, problem, "Ask who changed it.")
    return {"PATH": f"{tools / _PROGRAMS}:{os.environ.get('PATH', '')}"}
