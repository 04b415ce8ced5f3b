"""Real tools below a checkout that would lead all of them astray."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import uv

from blocks.project_spec import ProjectSpec
from tasks.launch.step_environment import with_environment
from tasks.launch.target import Target
from tasks.launch.workspace import open_workspace
from tasks.release import Release
from tasks.settings import Settings

pytestmark = pytest.mark.integration

HOSTILE = """
[project]
name = "hostile"
version = "6.6.6"
[tool.pytest.ini_options]
addopts = "--hostile"
pythonpath = ["."]
[tool.ruff.lint]
select = ["ALL"]
[tool.mypy]
strict = true
[tool.coverage.report]
fail_under = 100
[tool.uv]
index-url = "http://127.0.0.1:9/hostile"
[tool.uv.workspace]
members = ["home/workspaces/*/source"]
"""
PACKAGE = {"name": "hostile", "version": "6.6.6", "type": "module", "scripts": {"test": "true"}}
TEST = """
def test_nothing_of_ours_is_imported():
    try:
        import hostile
    except ImportError:
        return
    raise AssertionError(hostile.__file__)
"""


def _run(argv: list[str], cwd: Path, env: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(argv, cwd=cwd, env=env, check=False, capture_output=True, text=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """Give a checkout with settings for every tool, a tag, an environment, and a module."""
    (tmp_path / "pyproject.toml").write_text(HOSTILE)
    (tmp_path / "package.json").write_text(json.dumps(PACKAGE))
    (tmp_path / ".python-version").write_text("2.7\n")
    (tmp_path / "hostile.py").touch()
    identity = ["git", "-c", "user.name=T", "-c", "user.email=t@example.org"]
    quiet = os.environ | {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"], ["tag", "hostile"]):
        subprocess.run([*identity, *arguments], cwd=tmp_path, env=quiet, check=True)
    make = [uv.find_uv_bin(), "venv", "--quiet", "--no-config", "--python", sys.executable]
    subprocess.run([*make, str(tmp_path / ".venv")], check=True)
    return tmp_path


@pytest.fixture
def workspace(checkout: Path) -> Release:
    """Give the workspace of a small project, in a home below the checkout."""
    release = Release("shop", "1", "d1", checkout / "home" / "releases" / "d1", "procfile", 0.0)
    release.source.mkdir(parents=True)
    (release.source / "module.py").write_text("def double(x): return x * 2\n")
    (release.source / "test_it.py").write_text(TEST)
    return open_workspace(release, checkout / "home", "w1")


@pytest.fixture
def surroundings(workspace: Release, checkout: Path) -> dict[str, str]:
    """Give the variables that a step has, when a stack of ours runs inside the checkout."""
    target = Target("shop", ProjectSpec(source="/shop"), "dev")
    ours = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "HOME": str(checkout / "me")}
    ours |= {"PYTHONPATH": str(checkout), "VIRTUAL_ENV": f"{checkout}/.venv"}
    ours |= {"UV_PROJECT_ENVIRONMENT": f"{checkout}/.venv", "PIP_TARGET": str(checkout)}
    return with_environment(target, workspace, Settings(home=checkout / "home"), ours)


def test_pytest_has_neither_settings_nor_modules_of_above(
    workspace: Release, surroundings: dict[str, str]
) -> None:
    """Broken: a project's tests fail by options of ours, or import modules of ours."""
    done = _run([sys.executable, "-I", "-m", "pytest", "-q"], workspace.source, surroundings)
    assert done.returncode == 0, done.stdout + done.stderr


def test_ruff_and_mypy_have_their_own_rules(
    workspace: Release, surroundings: dict[str, str]
) -> None:
    """Broken: a step `ruff check` applies our rules to the project."""
    ruff = [sys.executable, "-I", "-m", "ruff", "check", "--no-cache", "."]
    done = _run(ruff, workspace.source, surroundings)
    assert done.returncode == 0, done.stdout
    mypy = [sys.executable, "-I", "-m", "mypy", f"--cache-dir={os.devnull}", "module.py"]
    done = _run(mypy, workspace.source, surroundings)
    assert done.returncode == 0, done.stdout


def test_git_finds_no_repository(workspace: Release, surroundings: dict[str, str]) -> None:
    """Broken: `git describe` in a step says our version; `git clean` removes our files."""
    done = _run(["git", "describe", "--tags"], workspace.source, surroundings)
    assert done.returncode != 0
    assert "not a git repository" in done.stderr


@pytest.mark.skipif(shutil.which("npm") is None, reason="npm is not installed")
def test_npm_and_node_find_no_package(workspace: Release, surroundings: dict[str, str]) -> None:
    """Broken: `npm install` in a step installs into our checkout; files are taken for modules."""
    prefix = _run(["npm", "prefix"], workspace.source, surroundings).stdout.strip()
    assert Path(prefix).is_relative_to(workspace.path)
    assert "Missing script" in _run(["npm", "test"], workspace.source, surroundings).stderr
    (workspace.source / "a.js").write_text("require('fs')\n")
    assert _run(["node", "a.js"], workspace.source, surroundings).returncode == 0


def test_uv_finds_neither_workspace_settings_python_nor_environment(
    workspace: Release, surroundings: dict[str, str], checkout: Path
) -> None:
    """Broken: `uv pip install` in a step installs into the environment that Slipway runs in."""
    program = str(workspace.path / "programs" / "uv")
    installed = _run(
        [program, "pip", "install", "--offline", "six"], workspace.source, surroundings
    )
    assert str(checkout / ".venv") not in installed.stdout + installed.stderr
    assert installed.returncode != 0
    python = _run([program, "python", "find", "--offline"], workspace.source, surroundings)
    assert python.returncode == 0, python.stderr  # 2.7 is not there
    (workspace.source / "pyproject.toml").write_text('[project]\nname = "shop"\nversion = "1"\n')
    locked = _run([program, "lock", "--offline"], workspace.source, surroundings)
    assert locked.returncode == 0, locked.stderr
    assert (workspace.source / "uv.lock").is_file()


def test_coverage_takes_the_settings_of_where_it_is_run(
    workspace: Release, surroundings: dict[str, str]
) -> None:
    """Broken: a threshold of ours fails a project's report."""
    run = [sys.executable, "-I", "-m", "coverage"]
    assert _run([*run, "run", "module.py"], workspace.source, surroundings).returncode == 0
    assert _run([*run, "report"], workspace.source, surroundings).returncode == 0
