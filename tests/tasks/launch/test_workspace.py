"""Workspaces: made, found again, kept for a while, and never what serves."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import uv

from tasks.launch.workspace import (
    DAYS_KEPT,
    MAX_WORKSPACES_KEPT,
    WorkspaceError,
    leave_workspace,
    open_trial,
    open_workspace,
    provide_pytest,
    to_trim,
    trim_workspaces,
)
from tasks.release import Release

DAY = 86_400.0


@pytest.fixture
def release(tmp_path: Path) -> Release:
    """Give a release with one file."""
    release = Release("shop", "1", "d1", tmp_path / "releases" / "d1", "procfile", 0.0)
    release.source.mkdir(parents=True)
    (release.source / "page.txt").write_text("as built")
    return release


def test_what_a_step_writes_stays_in_its_workspace(release: Release, tmp_path: Path) -> None:
    """Broken: a test that writes page.txt changes what dev and prod serve."""
    workspace = open_workspace(release, tmp_path, "w1")
    (workspace.source / "page.txt").write_text("by a test")
    assert (release.source / "page.txt").read_text() == "as built"
    again = open_workspace(release, tmp_path, "w1")
    assert (again.source / "page.txt").read_text() == "by a test"
    other = open_workspace(release, tmp_path, "w2")
    assert (other.source / "page.txt").read_text() == "as built"


def test_a_workspace_is_removed_or_kept(release: Release, tmp_path: Path) -> None:
    """Broken: nobody can look at what a failed step has left, or the disk fills up."""
    removed, kept = (open_workspace(release, tmp_path, name).path for name in ("w1", "w2"))
    leave_workspace(removed, keep=False, now=10.0)
    leave_workspace(kept, keep=True, now=10.0)
    leave_workspace(tmp_path / "workspaces" / "never-made", keep=True, now=10.0)
    assert not removed.exists()
    assert (kept / "source" / "page.txt").is_file()
    assert not list(tmp_path.glob("workspaces/.removed*"))


def test_the_workspace_of_a_living_workload_is_never_removed(
    release: Release, tmp_path: Path
) -> None:
    """Broken: a step finds its files gone while it runs."""
    now = (release.source / "page.txt").stat().st_mtime
    for number in range(MAX_WORKSPACES_KEPT + 3):
        open_workspace(release, tmp_path, f"w{number}")
        leave_workspace(tmp_path / "workspaces" / f"w{number}", keep=True, now=now + number)
    removed = trim_workspaces(tmp_path, lambda: {"w0"}, now + 100).removed
    assert sorted(path.name for path in removed) == ["w1", "w2"]
    assert (tmp_path / "workspaces" / "w0").is_dir()


def test_a_trial_of_a_killed_run_is_removed_a_day_later(release: Release, tmp_path: Path) -> None:
    """Broken: each dry run that is killed costs a copy of the project for good."""
    trial = open_trial(release, tmp_path)
    now = trial.path.stat().st_mtime
    trim_workspaces(tmp_path, set, now + 60)
    assert trial.source.is_dir()
    trim_workspaces(tmp_path, set, now + 2 * DAY)
    assert not trial.path.exists()


def test_the_newest_that_are_not_too_old_are_kept() -> None:
    """Broken: what was kept to be looked at is removed first."""
    ended = {Path(str(number)): number * DAY for number in range(10)}
    gone = to_trim(ended, 9 * DAY)
    assert {path.name for path in ended.keys() - gone} == {"9", "8", "7", "6", "5"}
    assert {path.name for path in to_trim(ended, (9 + DAYS_KEPT) * DAY)} == set("012345678")


def test_a_workspace_that_cannot_be_made_says_why(release: Release, tmp_path: Path) -> None:
    """Broken: the flow ends with a stack trace, and its workload stays open."""
    (tmp_path / "workspaces").write_text("in the way")
    with pytest.raises(WorkspaceError, match=r"workspaces/w1 cannot be made \(.+\). Make room"):
        open_workspace(release, tmp_path, "w1")


def test_uv_is_at_hand(release: Release, tmp_path: Path) -> None:
    """Broken: `uv run` in a step fails, as uv is installed in the environment of Slipway alone."""
    workspace = open_workspace(release, tmp_path, "w1")
    assert os.access(workspace.path / "programs" / "uv", os.X_OK)


def make_wheel(folder: Path, name: str, version: str, needs: str = "") -> Path:
    """Make a wheel with one module that says its version."""
    wheel = folder / f"{name}-{version}-py3-none-any.whl"
    about, metadata = f"{name}-{version}.dist-info", f"Name: {name}\nVersion: {version}\n"
    metadata += f"Requires-Dist: {needs}\n" if needs else ""
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(f"{name}/__init__.py", f"VALUE = {version!r}\n")
        archive.writestr(f"{about}/METADATA", f"Metadata-Version: 2.1\n{metadata}")
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


LOCKED = """
[[package]]
name = "helper"
version = "1"
[[package]]
name = "mock"
version = "1"
"""
"""A lock whose main group holds helper, and another one mock."""


@pytest.mark.integration
@pytest.mark.parametrize(
    ("files", "where"),
    [
        (
            {"pyproject.toml": "[dependency-groups]\ntest = ['pytest', 'helper']\n"},
            "dependency group 'test'",
        ),
        (
            {
                "pyproject.toml": "[project]\nname = 'shop'\nversion = '1'\n"
                "[project.optional-dependencies]\ntest = ['pytest', 'helper']\n"
            },
            "extra 'test'",
        ),
        ({"requirements-dev.txt": "pytest\nhelper\n"}, "requirements-dev.txt"),
    ],
)
def test_what_the_tests_need_moves_nothing_that_is_locked(
    release: Release,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    files: dict[str, str],
    where: str,
) -> None:
    """Broken: tests pass with versions that never serve."""
    index = tmp_path / "index"
    index.mkdir()
    old = make_wheel(index, "helper", "1")
    for name, version, needs in (
        *(("helper", "2", ""), ("mock", "1", ""), ("mock", "2", "")),
        *(("pytest", "1", "mock"), ("pytest", "0", "helper")),
    ):
        make_wheel(index, name, version, needs)
    monkeypatch.setenv("UV_FIND_LINKS", str(index))
    monkeypatch.setenv("UV_OFFLINE", "1")
    monkeypatch.setenv("UV_CACHE_DIR", str(tmp_path / "cache"))
    env = release.path / "env"
    make = [uv.find_uv_bin(), "venv", "--quiet", "--relocatable", "--python", sys.executable]
    subprocess.run([*make, str(env)], check=True)
    install = [uv.find_uv_bin(), "pip", "install", "--quiet", "--python", str(env / "bin/python")]
    subprocess.run([*install, str(old)], check=True)
    for name, text in files.items():
        (release.source / name).write_text(text)
    (release.source / "uv.lock").write_text(LOCKED)
    workspace = open_workspace(release, tmp_path, "w1")
    assert provide_pytest(workspace) == where
    folders = workspace.path.glob("env/lib/python*/site-packages/*.dist-info")
    names = {folder.name.removesuffix(".dist-info") for folder in folders}
    assert {"helper-1", "mock-1", "pytest-1"} <= names


@pytest.mark.integration
def test_what_the_tests_need_is_installed_into_the_workspace_alone(
    release: Release, tmp_path: Path
) -> None:
    """Broken: a suite whose group names pytest is refused, or what serves gets its tools."""
    env = release.path / "env"
    make = [uv.find_uv_bin(), "venv", "--quiet", "--relocatable", "--python", sys.executable]
    subprocess.run([*make, str(env)], check=True)
    wheel = make_wheel(release.source, "pytest", "1")
    (release.source / "requirements-dev.txt").write_text(f"pytest @ {wheel.as_uri()}\n")
    workspace = open_workspace(release, tmp_path, "w1")
    assert provide_pytest(workspace) == "requirements-dev.txt"
    (installed,) = workspace.path.glob("env/lib/python*/site-packages/pytest/__init__.py")
    assert installed.stat().st_nlink == 1  # no link from a cache that others share
    assert not list(env.glob("lib/python*/site-packages/pytest"))
    assert provide_pytest(workspace) == ""


@pytest.mark.slow
def test_what_a_step_has_nested_ends_no_other_run(
    release: Release, tmp_path: Path, nest: Callable[..., None]
) -> None:
    """Broken: one step whose folders lie a thousand deep ends every later run of every project."""
    workspace = open_workspace(release, tmp_path, "w1")
    nest(workspace.source)
    assert leave_workspace(workspace.path, keep=False, now=10.0) == ""
    nest(tmp_path / "workspaces" / ".removed-w2")
    assert trim_workspaces(tmp_path, set, 20.0).left == ()
    assert [path.name for path in (tmp_path / "workspaces").iterdir()] == [".lock"]


def test_a_workspace_that_cannot_be_removed_is_told(
    release: Release, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: a run that has succeeded fails for what it leaves, or a disk fills up unseen."""
    folder = open_workspace(release, tmp_path, "w1").path

    def refuse(path: str, **_: object) -> None:
        raise OSError(30, "Read-only file system", path)

    monkeypatch.setattr("blocks.removal.os.unlink", refuse)
    message = leave_workspace(folder, keep=False, now=10.0)
    assert ": Read-only file system. Let this user remove it" in message
    assert trim_workspaces(tmp_path, set, 20.0).left == (message,)
    monkeypatch.undo()
    assert trim_workspaces(tmp_path, set, 30.0).left == ()
    assert not list(tmp_path.glob("workspaces/.removed*"))
