"""Every name that Git allows is a version, and its tree is written whole."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tests.tasks.launch.repositories import (
    commit,
    fetched,
    git,
    needs_git,
    repository,
    texts,
    write,
)

NAMES = [
    "pkg@1.0.0",
    "fix/#12-page",
    "größe",
    "v1.0+build,2",
    "a&b",
    "日本",
    "release(1)",
    "config",
]


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("kind", ["tag", "branch"])
@pytest.mark.parametrize("name", NAMES)
def test_whatever_git_allows_is_a_version(tmp_path: Path, kind: str, name: str) -> None:
    """Broken: a monorepo's tags `pkg@1.0.0` cannot be deployed."""
    folder = repository(tmp_path / "shop", {"app.py": "old"})
    git(folder, kind, name)
    write(folder, {"app.py": "new"})
    commit(folder)
    assert texts(fetched(tmp_path, folder, name)) == {"app.py": "old"}


@pytest.mark.parametrize(
    "version",
    [
        *("-x", "--upload-pack=x", "../1", "a..b", "a b", "a\0b", "a\nb", "a\x1bb", "a\x9bb"),
        *("a\u202eb", "x" * 201, "@{u}", "HEAD~1", "a:b", "/a", "a/", ".a", "a/.b", "a.lock", "@"),
    ],
)
def test_hostile_names_are_no_versions(tmp_path: Path, version: str) -> None:
    """Broken: a version is taken for an option of git, leads elsewhere, or garbles a terminal."""
    with pytest.raises(BadInputError, match=r"^version: no version") as caught:
        fetched(tmp_path, tmp_path, version)
    assert len(str(caught.value)) < 500


@needs_git
@pytest.mark.integration
def test_a_branch_of_a_checkout_is_its_own(tmp_path: Path) -> None:
    """Broken: what was committed but not pushed is not what is deployed."""
    origin = repository(tmp_path / "origin", {"app.py": "pushed"})
    git(tmp_path, "clone", "--quiet", str(origin), "shop")
    write(tmp_path / "shop", {"app.py": "committed"})
    commit(tmp_path / "shop")
    assert texts(fetched(tmp_path, tmp_path / "shop", "main")) == {"app.py": "committed"}


@needs_git
@pytest.mark.integration
def test_attributes_above_a_folder_hold_in_it(tmp_path: Path) -> None:
    """Broken: a sub-folder has other line ends than in a checkout of the whole."""
    folder = repository(
        tmp_path / "shop", {".gitattributes": "*.bat eol=crlf\n", "sub/a.bat": "x\n"}
    )
    assert (fetched(tmp_path, folder / "sub", "main") / "a.bat").read_bytes() == b"x\r\n"


@needs_git
@pytest.mark.integration
def test_a_bare_repository_is_read_at_a_version(tmp_path: Path) -> None:
    """Broken: the objects of a repository are launched instead of its files."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "shop.git")
    assert texts(fetched(tmp_path, tmp_path / "shop.git")) == {"app.py": "x"}


@needs_git
@pytest.mark.integration
def test_names_that_are_not_utf_8_are_kept(tmp_path: Path) -> None:
    """Broken: a file whose name is Latin-1 shows a stack trace, or is left out."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    (folder / "gr\udcf6\udcdfe").write_text("y")
    commit(folder)
    assert (fetched(tmp_path, folder, "main") / "gr\udcf6\udcdfe").read_text() == "y"


@needs_git
@pytest.mark.integration
def test_a_damaged_repository_is_refused(tmp_path: Path) -> None:
    """Broken: half a source tree is built, as the exit code of git is not looked at."""
    folder = repository(tmp_path / "shop", {"app.py": "x", "b.py": "y"})
    blob = git(folder, "rev-parse", "main:b.py")
    (folder / ".git/objects" / blob[:2] / blob[2:]).unlink()
    with pytest.raises(BadInputError, match="git cannot read it"):
        fetched(tmp_path, folder, "main")


def _twice(folder: Path) -> Path:
    """Make a repository with a tag and a branch `v1` of different commits."""
    repository(folder, {"app.py": "tagged"})
    git(folder, "tag", "v1")
    git(folder, "switch", "--quiet", "--create", "v1")
    write(folder, {"app.py": "branched"})
    commit(folder)
    git(folder, "switch", "--quiet", "main")
    return folder


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("how", ["folder", "address", "bare"])
def test_a_name_of_two_commits_is_refused_and_both_can_be_had(tmp_path: Path, how: str) -> None:
    """Broken: whoever deploys a branch gets the tag of the same name, and is not told."""
    folder = _twice(tmp_path / "shop")
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "shop.git")
    sources = {"folder": str(folder), "address": folder.as_uri(), "bare": f"{folder}.git"}
    source = sources[how]
    with pytest.raises(BadInputError, match=r"^version: .*a tag and a branch") as caught:
        fetched(tmp_path, source, "v1")
    assert "refs/tags/v1" in str(caught.value)
    assert "refs/heads/v1" in str(caught.value)
    for version, text in (("refs/tags/v1", "tagged"), ("refs/heads/v1", "branched")):
        target = fetched(tmp_path / version.replace("/", "-"), source, version)
        assert texts(target) == {"app.py": text}


@needs_git
@pytest.mark.integration
def test_a_tag_at_the_end_of_a_branch_of_its_name_is_no_question(tmp_path: Path) -> None:
    """Broken: a version is refused although there is only one commit that it can mean."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(folder, "tag", "-a", "v1", "-m", "first")
    git(folder, "branch", "v1")
    assert texts(fetched(tmp_path, folder, "v1")) == {"app.py": "x"}


@needs_git
@pytest.mark.integration
def test_a_branch_that_only_the_origin_has_is_found_by_its_whole_name(tmp_path: Path) -> None:
    """Broken: the remedy for a name of two commits finds nothing in a fresh clone."""
    origin = _twice(tmp_path / "origin")
    git(tmp_path, "clone", "--quiet", str(origin), "shop")
    with pytest.raises(BadInputError, match="a tag and a branch"):
        fetched(tmp_path, tmp_path / "shop", "v1")
    target = fetched(tmp_path, tmp_path / "shop", "refs/heads/v1")
    assert texts(target) == {"app.py": "branched"}


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("version", ["", "main"])
@pytest.mark.parametrize("kind", ["git folder", "bare", "packed", "of a worktree"])
def test_the_folder_of_a_repository_is_read_as_that(
    tmp_path: Path, kind: str, version: str
) -> None:
    """Broken: the objects of a repository are built and served in the place of its files."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "shop.git")
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "packed.git")
    git(tmp_path / "packed.git", "pack-refs", "--all")
    git(folder, "worktree", "add", "--quiet", "-b", "other", str(tmp_path / "tree"))
    source = {
        "git folder": folder / ".git",
        "bare": tmp_path / "shop.git",
        "packed": tmp_path / "packed.git",
        "of a worktree": folder / ".git" / "worktrees" / "tree",
    }[kind]
    assert texts(fetched(tmp_path, source, version)) == {"app.py": "x"}


@needs_git
@pytest.mark.integration
@pytest.mark.parametrize("inside", ["objects", "refs", "hooks"])
def test_a_folder_inside_of_a_repository_is_refused(tmp_path: Path, inside: str) -> None:
    """Broken: a part of what Git keeps is copied as if it were a project."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    git(tmp_path, "clone", "--quiet", "--bare", str(folder), "shop.git")
    for source in (folder / ".git" / inside, tmp_path / "shop.git" / inside):
        source.mkdir(exist_ok=True)
        (source / "Procfile").write_text("web: true")
        with pytest.raises(BadInputError, match="inside a repository of Git"):
            fetched(tmp_path, source)


@needs_git
@pytest.mark.integration
def test_a_damaged_folder_of_a_repository_is_no_plain_folder(tmp_path: Path) -> None:
    """Broken: a Git folder without its HEAD is copied, objects, keys and all."""
    folder = repository(tmp_path / "shop", {"app.py": "x"})
    (folder / ".git" / "HEAD").unlink()
    with pytest.raises(BadInputError, match="inside a repository of Git"):
        fetched(tmp_path, folder / ".git")
