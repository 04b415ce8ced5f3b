"""What Git LFS holds is content in a release, never a pointer."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tests.tasks.launch.repositories import commit, fetched, git, needs_git, needs_lfs, repository

pytestmark = [needs_git, pytest.mark.integration]
CONTENT = "large " * 1000
OID = hashlib.sha256(CONTENT.encode()).hexdigest()
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{OID}\nsize {len(CONTENT)}\n"


@pytest.fixture
def tracked(tmp_path: Path) -> Path:
    """Give a repository with one file that Git LFS looks after."""
    folder = repository(tmp_path / "shop", {".gitattributes": "*.bin filter=lfs -text\n"})
    subprocess.run(["git", "-C", folder, "lfs", "install", "--local"], check=True)
    (folder / "a.bin").write_text(CONTENT)
    commit(folder)
    return folder


@pytest.fixture
def pointers(tmp_path: Path) -> Path:
    """Give a checkout that was made where Git LFS is not installed: it has pointers only."""
    files = {".gitattributes": "*.bin filter=lfs -text\n", "a.bin": POINTER, "b.txt": POINTER}
    return repository(tmp_path / "shop", files)


@needs_lfs
@pytest.mark.parametrize("version", ["", "main"])
def test_a_checkout_gives_its_contents(tmp_path: Path, tracked: Path, version: str) -> None:
    """Broken: a release has pointers where a checkout has pictures or models."""
    assert (fetched(tmp_path, tracked, version) / "a.bin").read_text() == CONTENT


@needs_lfs
def test_an_address_gives_its_contents(tmp_path: Path, tracked: Path) -> None:
    """Broken: a project from a server has pointers only."""
    assert (fetched(tmp_path, tracked.as_uri(), "main") / "a.bin").read_text() == CONTENT


@needs_lfs
@pytest.mark.parametrize("version", ["", "main"])
def test_a_checkout_of_pointers_gets_its_contents(
    tmp_path: Path, tracked: Path, version: str
) -> None:
    """Broken: a clone that was made without Git LFS is launched with pointers."""
    git(tmp_path, "-c", "filter.lfs.smudge=", "-c", "filter.lfs.process=", "-c",
        "filter.lfs.required=false", "clone", "--quiet", tracked.as_uri(), "copy")  # fmt: skip
    assert (tmp_path / "copy/a.bin").read_text() == POINTER
    assert (fetched(tmp_path, tmp_path / "copy", version) / "a.bin").read_text() == CONTENT


@needs_lfs
@pytest.mark.parametrize("version", ["", "main"])
def test_content_that_nobody_has_is_refused(tmp_path: Path, pointers: Path, version: str) -> None:
    """Broken: a release serves pointers as if they were the files."""
    with pytest.raises(BadInputError, match=r"content cannot be had .*'a\.bin'"):
        fetched(tmp_path, pointers, version)


@needs_lfs
def test_a_pointer_with_the_line_ends_of_windows_is_one(tmp_path: Path, pointers: Path) -> None:
    """Broken: a release has its text in place of the file."""
    (pointers / "a.bin").write_bytes(POINTER.replace("\n", "\r\n").encode())
    commit(pointers)
    with pytest.raises(BadInputError, match=r"content cannot be had .*'a\.bin'"):
        fetched(tmp_path, pointers, "main")


@needs_lfs
def test_content_that_is_damaged_is_refused(tmp_path: Path, tracked: Path) -> None:
    """Broken: a release is built with a file that is not the one that was committed."""
    git(tmp_path, "clone", "--quiet", "--bare", tracked.as_uri(), "bare")
    stored = Path("lfs/objects") / OID[:2] / OID[2:4] / OID
    (tmp_path / "bare" / stored).parent.mkdir(parents=True)
    (tmp_path / "bare" / stored).write_text(CONTENT.replace("l", "\0"))
    (tracked / ".git" / stored).unlink()
    with pytest.raises(BadInputError, match=r"content cannot be had .*'a\.bin'"):
        fetched(tmp_path, tmp_path / "bare", "main")


@pytest.mark.parametrize("version", ["", "main"])
def test_without_the_program_it_is_refused_by_name(
    tmp_path: Path, pointers: Path, version: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: pointers are launched, and nobody is told what to install."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").symlink_to(shutil.which("git") or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    with pytest.raises(BadInputError, match=r"pointers of Git LFS.*'a\.bin'.*install git-lfs"):
        fetched(tmp_path, pointers, version)
