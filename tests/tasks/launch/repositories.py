"""Git repositories for tests, made by git itself."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.launch.sources.source import fetch, resolved_version

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
needs_lfs = pytest.mark.skipif(shutil.which("git-lfs") is None, reason="git-lfs is not installed")
_ME = ("-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "protocol.file.allow=always")


def git(folder: Path, *arguments: str) -> str:
    """Run git in ``folder`` and return what it says."""
    command = ["git", "-C", str(folder), *_ME, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def write(folder: Path, files: Mapping[str, str]) -> None:
    """Write ``files`` below ``folder``."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)


def repository(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a repository with one commit of ``files``."""
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    write(folder, files)
    commit(folder)
    return folder


def commit(folder: Path, message: str = "change") -> str:
    """Commit everything and return the commit."""
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "-m", message)
    return git(folder, "rev-parse", "HEAD")


def fetched(tmp_path: Path, source: str | Path, version: str = "") -> Path:
    """Fetch ``source`` and return where it is."""
    spec = ProjectSpec(source=str(source))
    target = tmp_path / "building" / "source"
    target.parent.mkdir(parents=True, exist_ok=True)
    fetch("demo", spec, resolved_version("demo", spec, version), target)
    return target


def texts(folder: Path) -> dict[str, str]:
    """Return the text of every file below ``folder``, by its name."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): path.read_text() for path in files}
