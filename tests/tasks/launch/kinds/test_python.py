"""Python environments hold what the manifests and the project ask for."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tasks.launch.kinds.interface import BuildError
from tasks.launch.kinds.python import PythonKind, arguments

PACKAGE = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "demo"
version = "3.2.1"
[project.optional-dependencies]
web = ["six"]
[project.scripts]
demo = "demo:main"
"""


def test_what_is_installed(tmp_path: Path) -> None:
    """Broken: a project would be installed twice, or its tool settings taken for a package."""
    assert arguments(tmp_path, ["gunicorn"]) == ["gunicorn"]
    (tmp_path / "pyproject.toml").write_text("[tool.ruff]\n")
    assert arguments(tmp_path, []) == []
    (tmp_path / "requirements.txt").touch()
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'x'\n")
    assert arguments(tmp_path, []) == ["--requirements", "requirements.txt", "."]
    assert arguments(tmp_path, [".[web]"]) == ["--requirements", "requirements.txt", ".[web]"]


@pytest.mark.integration
def test_an_environment_works_where_it_is_renamed_to(tmp_path: Path) -> None:
    """Broken: no release would find its programs, or know its version."""
    source = tmp_path / "building/source"
    (source / "demo").mkdir(parents=True)
    (source / "pyproject.toml").write_text(PACKAGE)
    (source / "demo/__init__.py").write_text(
        "def main():\n    import importlib.metadata as m, six\n    print(m.version('demo'))\n"
    )
    PythonKind().build(tmp_path / "building", [".[web]"])
    release = (tmp_path / "building").rename(tmp_path / "release")
    (programs,) = PythonKind().programs(release)
    said = subprocess.run([programs / "demo"], check=True, capture_output=True, text=True)
    assert said.stdout == "3.2.1\n"


@pytest.mark.integration
def test_a_failed_build_ends_with_what_was_said(tmp_path: Path) -> None:
    """Broken: nobody would know which requirement does not exist."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/requirements.txt").write_text("./no-such-folder\n")
    with pytest.raises(BuildError, match="no-such-folder"):
        PythonKind().build(tmp_path, [])
