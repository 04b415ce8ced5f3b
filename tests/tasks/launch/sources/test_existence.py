"""A source that is not there is refused when it is configured, not when it is launched."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch.sources.existence import require_source
from tests.tasks.launch.repositories import commit, git, needs_git, repository


def looked_at(source: str | Path, version: str = "") -> str:
    """Look at a source and return the warning."""
    return require_source("shop", ProjectSpec(source=str(source), version=version))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "no such file or folder"),
        ("notes.txt", "neither a folder nor an archive"),
        ("shop-{version}", "there is no version of it"),
    ],
)
def test_what_is_not_there_is_refused(tmp_path: Path, source: str, message: str) -> None:
    """Broken: a typing error in a path shows minutes later."""
    (tmp_path / "notes.txt").touch()
    with pytest.raises(BadInputError, match=rf"^projects\.shop\.source: .*{message}"):
        looked_at(tmp_path / source)


def test_what_is_there_is_well(tmp_path: Path) -> None:
    """Broken: a project whose versions lie side by side cannot be configured."""
    (tmp_path / "shop-1.0").mkdir()
    assert looked_at(tmp_path / "shop-{version}") == ""
    assert looked_at(tmp_path / "shop-{version}", "1.0") == ""
    with pytest.raises(BadInputError, match="no such file or folder"):
        looked_at(tmp_path / "shop-{version}", "2.0")


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
@pytest.mark.parametrize("mode", [0o000, 0o400, 0o100])
def test_what_cannot_be_read_is_refused(tmp_path: Path, mode: int) -> None:
    """Broken: `configure` ends with a traceback, or is well and the launch fails."""
    (tmp_path / "shop").mkdir(mode=mode)
    (tmp_path / "shop.zip").touch(mode=0)
    for name in ("shop", "shop.zip"):
        with pytest.raises(BadInputError, match="cannot be read"):
            looked_at(tmp_path / name)


@needs_git
@pytest.mark.integration
def test_an_address_is_asked(tmp_path: Path) -> None:
    """Broken: a typing error in an address or a branch shows when it is cloned."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(folder, "tag", "v1.0")
    assert looked_at(folder.as_uri()) == looked_at(folder.as_uri(), "v1.0") == ""
    assert looked_at(folder.as_uri(), "main") == looked_at(folder.as_uri(), "0123abcd") == ""
    with pytest.raises(BadInputError, match=r"^projects\.shop\.version: .* no branch or tag"):
        looked_at(folder.as_uri(), "v2.0")
    with pytest.raises(BadInputError, match=r"^projects\.shop\.source: git cannot read it"):
        looked_at(f"{folder.as_uri()}-gone")
    with pytest.raises(BadInputError, match=r"^projects\.shop\.version: no branch, tag or commit"):
        looked_at(folder, "v2.0")


@needs_git
@pytest.mark.integration
def test_a_server_that_does_not_answer_is_a_warning() -> None:
    """Broken: without a network, nothing can be configured."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    warning = looked_at(f"http://user:hunter2@127.0.0.1:{port}/shop.git")
    assert warning.startswith("projects.shop.source was not checked")
    assert "hunter2" not in warning


@needs_git
@pytest.mark.integration
def test_a_name_of_two_commits_is_refused_when_it_is_configured(tmp_path: Path) -> None:
    """Broken: `configure` takes a version that no launch can use."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(folder, "tag", "v1")
    git(folder, "branch", "v1", commit(folder))
    for source in (folder, folder.as_uri()):
        with pytest.raises(BadInputError, match=r"^projects\.shop\.version: .*a tag and a branch"):
            looked_at(source, "v1")
        assert looked_at(source, "refs/heads/v1") == looked_at(source, "refs/tags/v1") == ""


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("kind", [".git", "bare"])
def test_the_version_of_a_repository_without_a_tree_is_looked_at(tmp_path: Path, kind: str) -> None:
    """Broken: a branch that a bare repository has not is found missing by the first launch."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "shop.git")
    source = folder / ".git" if kind == ".git" else tmp_path / "shop.git"
    assert looked_at(source) == looked_at(source, "main") == ""
    with pytest.raises(BadInputError, match=r"^projects\.shop\.version: no branch, tag or commit"):
        looked_at(source, "v2.0")
