"""A folder that is a checkout is read through Git, whole, or not at all."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError, MissingProgramError
from tests.tasks.launch.repositories import (
    commit,
    fetched,
    git,
    needs_git,
    repository,
    texts,
    write,
)

pytestmark = [needs_git, pytest.mark.integration]
SECRET = {".gitignore": ".env\n", "app.py": "x"}


@pytest.fixture
def foreign(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have git take every checkout for one of another owner, by its own means."""
    name = "GIT_TEST_ASSUME_DIFFERENT_OWNER"
    monkeypatch.setenv(name, "1")
    monkeypatch.setattr("tasks.launch.sources.git._KEPT_VARIABLES", frozenset({name}))


def test_a_checkout_of_another_owner_is_not_copied(tmp_path: Path, foreign: None) -> None:
    """Broken: the ignored `.env` is copied into the release, and served."""
    folder = tmp_path / "shop"
    write(folder, SECRET | {".env": "TOKEN=1"})
    (folder / ".git").mkdir()
    write(folder / ".git", {"HEAD": "ref: refs/heads/main\n", "config": ""})
    (folder / ".git/objects").mkdir()
    (folder / ".git/refs").mkdir()
    with pytest.raises(BadInputError, match="dubious ownership") as caught:
        fetched(tmp_path, folder)
    assert f"git config --global --add safe.directory {folder}" in str(caught.value)
    assert not list(tmp_path.glob("building/**/.env"))


@pytest.mark.parametrize("part", ["", "sub"])
def test_a_checkout_that_git_cannot_read_is_not_copied(tmp_path: Path, part: str) -> None:
    """Broken: a worktree whose repository was moved is copied with all that Git ignores."""
    folder = repository(tmp_path / "shop", SECRET | {"sub/app.py": "x"})
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    write(tmp_path / "tree", {".env": "TOKEN=1", "sub/.env": "TOKEN=1"})
    folder.rename(tmp_path / "moved")
    with pytest.raises(BadInputError, match="git cannot read it"):
        fetched(tmp_path, tmp_path / "tree" / part)


def test_a_checkout_without_git_says_how_to_get_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: where git is not installed, a checkout is copied with all that it ignores."""
    folder = repository(tmp_path / "shop", SECRET)
    write(folder, {".env": "TOKEN=1"})
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingProgramError, match="git is not installed"):
        fetched(tmp_path, folder)


def test_a_repository_without_a_commit_is_read_through_git(tmp_path: Path) -> None:
    """Broken: the ignored `.env` of a new project is copied into its release."""
    folder = tmp_path / "new"
    write(folder, SECRET | {".env": "TOKEN=1"})
    git(folder, "init", "--quiet")
    assert texts(fetched(tmp_path, folder)) == SECRET


def test_a_worktree_gives_its_own_branch(tmp_path: Path) -> None:
    """Broken: HEAD of a worktree is taken for that of the main one."""
    folder = repository(tmp_path / "shop", {"app.py": "main"})
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    write(tmp_path / "tree", {"app.py": "other"})
    commit(tmp_path / "tree")
    assert texts(fetched(tmp_path, tmp_path / "tree", "HEAD")) == {"app.py": "other"}


def test_an_ignored_folder_of_a_checkout_is_a_source_of_its_own(tmp_path: Path) -> None:
    """Broken: what lies in the home of a stack below a checkout cannot be launched."""
    folder = repository(tmp_path / "shop", {".gitignore": "made/\n"})
    write(folder / "made", {"app.py": "x"})
    assert texts(fetched(tmp_path, folder / "made")) == {"app.py": "x"}


def test_a_checkout_within_a_plain_folder_is_read_through_git(tmp_path: Path) -> None:
    """Broken: the ignored `.env` of a checkout is copied when its parent is the source."""
    repository(tmp_path / "all/shop", SECRET)
    write(tmp_path / "all", {"shop/.env": "TOKEN=1", "Procfile": "web: x"})
    expected = {"Procfile": "web: x"} | {f"shop/{name}": text for name, text in SECRET.items()}
    assert texts(fetched(tmp_path, tmp_path / "all")) == expected


def test_a_repository_within_a_checkout_is_part_of_it(tmp_path: Path) -> None:
    """Broken: a nested checkout that is not a submodule is missing without a word."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    repository(folder / "lib", {"lib.py": "y"})
    assert texts(fetched(tmp_path, folder)) == {"app.py": "x", "lib/lib.py": "y"}


def test_what_git_has_is_part_of_the_source(tmp_path: Path) -> None:
    """Broken: committed node_modules and links to folders are missing without a word."""
    folder = repository(tmp_path / "shop", {"node_modules/a.js": "1", "real/x": "2"})
    (folder / "linked").symlink_to("real")
    write(folder, {"venv/lib.py": "new, and made by a tool"})
    git(folder, "add", "linked")
    target = fetched(tmp_path, folder)
    assert (target / "node_modules/a.js").read_text() == "1"
    assert (target / "linked").is_symlink()
    assert not (target / "venv").exists()


def test_a_program_that_the_checkout_names_is_not_run(tmp_path: Path) -> None:
    """Broken: a source that somebody sent runs a program of theirs before it is built."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    (folder / "spy").write_text(f"#!/bin/sh\ntouch {tmp_path}/ran\n")
    (folder / "spy").chmod(0o755)
    git(folder, "config", "core.fsmonitor", str(folder / "spy"))
    git(folder, "config", "core.hooksPath", str(folder))
    fetched(tmp_path, folder)
    assert not (tmp_path / "ran").exists()


def test_what_git_does_not_see_of_ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: under a hook of Git, every source is read from the repository of that hook."""
    other = repository(tmp_path / "other", {"other.py": "y"})
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    assert texts(fetched(tmp_path, folder, "main")) == {"app.py": "x"}


def test_a_sparse_checkout_is_refused_by_name(tmp_path: Path) -> None:
    """Broken: what a sparse checkout leaves out is missing without a word."""
    folder = repository(tmp_path / "shop", {"app.py": "x", "lib/lib.py": "y"})
    git(folder, "sparse-checkout", "set", "--no-cone", "/app.py")
    with pytest.raises(BadInputError, match=r"left out of the working tree .*'lib/lib.py'"):
        fetched(tmp_path, folder)
    assert texts(fetched(tmp_path, folder, "main")) == {"app.py": "x", "lib/lib.py": "y"}
