"""A lock file of a Node project is read by the manager that wrote it, or refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.kinds.interface import BuildError
from tasks.launch.kinds.node import NodeKind
from tasks.launch.kinds.node_lock import Manager, manager_of

OLD = "2.1.2"
"""A version of ms that is not its newest."""


@pytest.mark.parametrize(
    ("files", "declared", "manager"),
    [
        ({}, "", Manager("npm")),
        ({"package-lock.json": ""}, "", Manager("npm", lock="package-lock.json")),
        (
            {"package-lock.json": "", "npm-shrinkwrap.json": ""},
            "",
            Manager("npm", lock="npm-shrinkwrap.json"),
        ),
        ({"package-lock.json": ""}, "npm@10.9.0", Manager("npm", "10.9.0", "package-lock.json")),
        (
            {"pnpm-lock.yaml": "lockfileVersion: '9.0'\n"},
            "",
            Manager("pnpm", "9", "pnpm-lock.yaml"),
        ),
        ({"pnpm-lock.yaml": "lockfileVersion: 5.4\n"}, "", Manager("pnpm", "7", "pnpm-lock.yaml")),
        (
            {"pnpm-lock.yaml": "", "yarn.lock": ""},
            "pnpm@9.15.0+sha512.abcdef",
            Manager("pnpm", "9.15.0", "pnpm-lock.yaml", "abcdef"),
        ),
        ({"yarn.lock": "# yarn lockfile v1\n"}, "", Manager("yarn", "1.22.22", "yarn.lock")),
        ({"yarn.lock": "__metadata:\n  version: 8\n"}, "", Manager("yarn", "4", "yarn.lock")),
        ({}, "yarn@4.5.3", Manager("yarn", "4.5.3")),
    ],
)
def test_who_reads_it(
    tmp_path: Path, files: dict[str, str], declared: str, manager: Manager
) -> None:
    """Broken: npm installs what pnpm or Yarn have locked, in other versions."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert manager_of(tmp_path, {"packageManager": declared}) == manager


@pytest.mark.parametrize(
    ("files", "declared"),
    [
        (["yarn.lock", "package-lock.json"], ""),
        (["yarn.lock"], "pnpm@9.15.0"),
        (["bun.lock"], ""),
        (["pnpm-lock.yaml"], ""),
        ([], "pnpm"),
        ([], "pnpm@latest"),
    ],
)
def test_what_nobody_can_obey_is_refused(tmp_path: Path, files: list[str], declared: str) -> None:
    """Broken: one of two lock files, or the version of a manager, is ignored without a word."""
    for name in files:
        (tmp_path / name).touch()
    with pytest.raises(BadInputError, match=r"packageManager|package-lock\.json"):
        manager_of(tmp_path, {"packageManager": declared})


def project(source: Path, manager: str) -> Path:
    """Make a project that ``manager`` has locked to an old version of ms, though any 2 will do."""
    source.mkdir(parents=True)
    build = f"node build.js && {manager.partition('@')[0]} --version"
    manifest = {
        "name": "shop",
        "version": "1.0.0",
        "private": True,
        "packageManager": manager,
        "dependencies": {"ms": OLD},
        "scripts": {"build": build},
    }
    script = "require('fs').writeFileSync('built', require('ms/package.json').version)"
    (source / "build.js").write_text(script)
    (source / "package.json").write_text(json.dumps(manifest))
    NodeKind().build(source.parent, [])
    shutil.rmtree(source.parent / "tools")
    shutil.rmtree(source / "node_modules")
    (source / "built").unlink()
    loosened = {OLD: f"^{OLD}"}
    for name, places in {
        "package.json": [f'"ms": "{OLD}"'],
        "pnpm-lock.yaml": [f"specifier: {OLD}"],
        "yarn.lock": [f"ms@{OLD}:", f'ms@npm:{OLD}":', f"ms: npm:{OLD}", f'ms: "npm:{OLD}"'],
    }.items():
        if (source / name).is_file():
            text = (source / name).read_text()
            for place in places:
                text = text.replace(place, place.replace(OLD, loosened[OLD]))
            (source / name).write_text(text)
    return source


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
@pytest.mark.parametrize("manager", ["pnpm@9.15.0", "yarn@1.22.22", "yarn@4.5.3"])
def test_a_lock_is_obeyed_by_its_own_manager(tmp_path: Path, manager: str) -> None:
    """Broken: what runs has other versions than what was tested and committed."""
    source = project(tmp_path / "building/source", manager)
    sentences = NodeKind().build(source.parent, [])
    assert (source / "built").read_text() == OLD
    assert sentences[0].startswith(manager.replace("@", " "))
    release = source.parent.rename(tmp_path / "release")
    path = ":".join([*map(str, NodeKind().programs(release)), os.environ["PATH"]])
    name, _, version = manager.partition("@")
    command = ["sh", "-c", f"{name} --version && node build.js"]
    completed = subprocess.run(
        command, cwd=release / "source", check=True, capture_output=True, text=True,
        env={"PATH": path, "HOME": str(tmp_path)},
    )  # fmt: skip
    assert completed.stdout.strip() == version

    manifest = json.loads((release / "source/package.json").read_text())
    manifest["dependencies"]["ms"] = "^2.1.3"
    (release / "source/package.json").write_text(json.dumps(manifest))
    shutil.rmtree(release / "tools")
    with pytest.raises(BuildError, match=r"(?i)lock ?file"):
        NodeKind().build(release, [])


@pytest.mark.integration
@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_a_manager_with_another_hash_is_refused(tmp_path: Path) -> None:
    """Broken: a package manager that somebody replaced in the registry runs here."""
    (tmp_path / "source").mkdir()
    manifest = {"name": "shop", "packageManager": f"yarn@1.22.22+sha512.{'0' * 128}"}
    (tmp_path / "source/package.json").write_text(json.dumps(manifest))
    with pytest.raises(BadInputError, match="the registry has it with the SHA-512"):
        NodeKind().build(tmp_path, [])
