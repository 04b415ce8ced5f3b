"""Source trees come from where a project says, at the version asked for, or not at all."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch.sources.source import fetch, resolved_version, tree_digest

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")


def fetched(tmp_path: Path, source: str, version: str = "", own: str = "") -> Path:
    """Fetch ``source`` and return where it is."""
    spec = ProjectSpec(source=source, version=own)
    target = tmp_path / "target"
    fetch("demo", spec, resolved_version("demo", spec, version), target)
    return target


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """Give a Git working tree: tag 1.0 says one, HEAD two, the folder three."""
    folder = tmp_path / "repository"
    (folder / "sub").mkdir(parents=True)

    def run(*arguments: str) -> None:
        identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"]
        subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True)

    run("init", "--quiet")
    (folder / ".gitignore").write_text("ignored\n")
    (folder / ".gitattributes").write_text("tests export-ignore\n")
    (folder / "tests").write_text("kept")
    for text, tag in (("one", "1.0"), ("two", "2.0")):
        (folder / "file").write_text(text)
        (folder / "sub/file").write_text(text)
        run("add", ".")
        run("commit", "--quiet", "-m", text)
        run("tag", tag)
    (folder / "file").write_text("three")
    (folder / "ignored").write_text("x")
    (folder / "new").write_text("x")
    return folder


def test_a_folder_is_copied_without_what_is_made_in_it(tmp_path: Path) -> None:
    """Broken: a release would drag along someone's virtual environment."""
    for name in ("app/main.py", ".venv/bin/python", "app/__pycache__/main.pyc"):
        (tmp_path / "source" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "source" / name).write_text("x")
    target = fetched(tmp_path, str(tmp_path / "source"))
    assert [str(p.relative_to(target)) for p in target.rglob("*") if p.is_file()] == ["app/main.py"]


def test_a_sparse_file_stays_sparse(tmp_path: Path) -> None:
    """Broken: an image of a disk with nothing in it fills the disk with each release."""
    (tmp_path / "shop").mkdir()
    size = 1 << 30
    with (tmp_path / "shop/image").open("wb") as image:
        image.seek(size // 2)
        image.write(b"in the middle")
        image.truncate(size)
    fetch("shop", ProjectSpec(source=str(tmp_path / "shop")), "", tmp_path / "copy")
    copied = tmp_path / "copy/image"
    assert copied.stat().st_blocks * 512 < size // 100
    assert copied.stat().st_size == size
    with copied.open("rb") as image:
        image.seek(size // 2)
        assert image.read(20) == b"in the middle" + bytes(7)


def test_a_plain_folder_has_one_version(tmp_path: Path) -> None:
    """Broken: asking for 2.0 would silently launch what lies there."""
    (tmp_path / "source").mkdir()
    fetched(tmp_path, str(tmp_path / "source"), "1.0", own="1.0")
    with pytest.raises(BadInputError, match=r"version: .* one version only .*\{version\}"):
        fetched(tmp_path, str(tmp_path / "source"), "2.0", own="1.0")


def test_a_placeholder_stands_for_the_version(tmp_path: Path) -> None:
    """Broken: versions side by side on disk could not be deployed."""
    (tmp_path / "demo-2.0").mkdir()
    (tmp_path / "demo-2.0/file").write_text("two")
    target = fetched(tmp_path, str(tmp_path / "demo-{version}"), "2.0")
    assert (target / "file").read_text() == "two"
    with pytest.raises(BadInputError, match="Ask for a version"):
        fetched(tmp_path, str(tmp_path / "demo-{version}"))


@pytest.mark.slow
@needs_git
@pytest.mark.parametrize(("version", "text"), [("1.0", "one"), ("HEAD", "two"), ("", "three")])
def test_git_gives_any_version_and_the_folder_as_it_stands(
    tmp_path: Path, repository: Path, version: str, text: str
) -> None:
    """Broken: a tag could not be deployed from a working tree, or tests would be missing."""
    target = fetched(tmp_path, str(repository), version)
    assert (target / "file").read_text() == text
    assert (target / "tests").read_text() == "kept"
    assert (target / "new").exists() == (version == "")
    assert not (target / "ignored").exists()
    assert not (target / ".git").exists()


@pytest.mark.slow
@needs_git
def test_a_folder_within_a_repository_is_a_project(tmp_path: Path, repository: Path) -> None:
    """Broken: one project of a monorepo could not be launched at a tag."""
    target = fetched(tmp_path, str(repository / "sub"), "1.0")
    assert [path.name for path in target.iterdir()] == ["file"]
    assert (target / "file").read_text() == "one"


@pytest.mark.slow
@needs_git
def test_an_address_is_cloned(tmp_path: Path, repository: Path) -> None:
    """Broken: a project could not come from a server."""
    target = fetched(tmp_path, repository.as_uri(), "1.0")
    assert (target / "file").read_text() == "one"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["repository", "target"]


@needs_git
def test_an_unknown_reference_names_those_there_are(tmp_path: Path, repository: Path) -> None:
    """Broken: a typing error in a version would be hard to see."""
    with pytest.raises(BadInputError, match=r"no branch, tag or commit.*2\.0, 1\.0|1\.0, 2\.0"):
        fetched(tmp_path, str(repository), "9.9")


@needs_git
def test_a_password_in_an_address_is_not_shown(tmp_path: Path) -> None:
    """Broken: the token of a private repository would stand in logs."""
    with pytest.raises(BadInputError) as caught:
        fetched(tmp_path, "http://user:hunter2@127.0.0.1:1/x.git")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("version", ["../1", "-x", "a b", "1~2"])
def test_a_version_is_a_name(version: str) -> None:
    """Broken: a version could lead out of the folder, or be taken for an option."""
    with pytest.raises(BadInputError, match="no version"):
        resolved_version("demo", ProjectSpec(source="."), version)


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    """Broken: a moved project would fail in the middle of a build."""
    with pytest.raises(BadInputError, match=r"projects\.demo\.source: there is no such file"):
        fetched(tmp_path, str(tmp_path / "nowhere"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root reads everything")
def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Broken: half a source tree would be built."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/file").write_text("x")
    (tmp_path / "source/file").chmod(0)
    with pytest.raises(BadInputError, match="file cannot be read"):
        fetched(tmp_path, str(tmp_path / "source"))


def test_the_digest_is_of_names_contents_and_modes(tmp_path: Path) -> None:
    """Broken: a changed project would be taken for one that is built already."""
    digests = {tree_digest(tmp_path)}
    (tmp_path / "a").write_text("x")
    digests.add(tree_digest(tmp_path))
    (tmp_path / "a").write_text("y")
    digests.add(tree_digest(tmp_path))
    (tmp_path / "a").chmod(0o755)
    digests.add(tree_digest(tmp_path))
    (tmp_path / "a").rename(tmp_path / "b")
    digests.add(tree_digest(tmp_path))
    assert len(digests) == 5


@pytest.mark.slow
def test_a_source_is_copied_and_told_apart_at_any_depth(
    tmp_path: Path, nest: Callable[..., None]
) -> None:
    """Broken: the launch of a project with nested folders ends with a stack trace."""
    nest(tmp_path / "source")
    digest = tree_digest(fetched(tmp_path, str(tmp_path / "source")))
    nest(tmp_path / "other", 399)
    assert digest == tree_digest(tmp_path / "source") != tree_digest(tmp_path / "other")


def test_what_lies_too_deep_is_refused_by_name(tmp_path: Path, nest: Callable[..., None]) -> None:
    """Broken: the launch is Failed with a stack trace, and a path of a whole page."""
    nest(tmp_path / "source", 30, "d" * 200)
    with pytest.raises(BadInputError, match=r"^projects\.demo\.source: a path in it") as refusal:
        fetched(tmp_path, str(tmp_path / "source"))
    assert "Remove what lies so deep" in str(refusal.value)
    assert len(str(refusal.value)) < 600


def test_the_digest_of_a_tree_stays_what_it_is(tmp_path: Path) -> None:
    """Broken: every release is built again after an update of Slipway."""
    for name in ("a/b", "a-b/c", "a.txt", "z/größe"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "a" / "program").write_text("#!/bin/sh")
    (tmp_path / "a" / "program").chmod(0o755)
    (tmp_path / "link").symlink_to("a")
    assert (
        tree_digest(tmp_path) == "741f9999db2c2c4d482231cf64158af63c0236609d7d3ac06f100833e83aaa58"
    )
