"""Archives are unpacked as they are, and never write elsewhere."""

from __future__ import annotations

import io
import tarfile
import zipfile
from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.archive import unpack


def tar_of(path: Path, **files: str) -> Path:
    """Make a .tar.gz of text files; a value that starts with -> is a symbolic link."""
    with tarfile.open(path, "w:gz") as archive:
        for name, text in files.items():
            item = tarfile.TarInfo(name.replace("__", "/"))
            if text.startswith("->"):
                item.type, item.linkname = tarfile.SYMTYPE, text[2:]
                archive.addfile(item)
            else:
                item.size, item.mode = len(text), 0o755
                archive.addfile(item, io.BytesIO(text.encode()))
    return path


@pytest.mark.parametrize("suffix", ["tar.gz", "zip"])
def test_the_one_top_folder_is_left_out(tmp_path: Path, suffix: str) -> None:
    """Broken: an sdist's pyproject.toml would not be found."""
    archive = tmp_path / f"demo-1.{suffix}"
    if suffix == "zip":
        with zipfile.ZipFile(archive, "w") as file:
            file.writestr("demo-1/src/app.py", "x = 1")
    else:
        tar_of(archive, **{"demo-1/src/app.py": "x = 1"})
    unpack("source", archive, tmp_path / "out")
    assert (tmp_path / "out/src/app.py").read_text() == "x = 1"


def test_programs_stay_programs_and_links_links(tmp_path: Path) -> None:
    """Broken: scripts of a project could not be executed."""
    archive = tar_of(tmp_path / "a.tar.gz", run="#!/bin/sh", other="->run")
    unpack("source", archive, tmp_path / "out")
    assert (tmp_path / "out/run").stat().st_mode & 0o100
    assert str((tmp_path / "out/other").readlink()) == "run"


@pytest.mark.parametrize(
    "files",
    [
        {"../evil": "x"},
        {"/evil": "x"},
        {"a/../../evil": "x"},
        {"link": "->../..", "link/evil": "x"},
        {"link": "->/etc/passwd"},
    ],
)
def test_what_points_out_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    """Broken: an archive from elsewhere could overwrite any file of this user."""
    archive = tar_of(tmp_path / "a.tar.gz", **files)
    with pytest.raises(BadInputError, match="points out of the archive"):
        unpack("source", archive, tmp_path / "deep/out")
    assert not list(tmp_path.rglob("evil")) or (tmp_path / "deep/out/link/evil").exists()


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    """Broken: a download cut short would show a stack trace."""
    (tmp_path / "a.tar.gz").write_bytes(b"not an archive")
    with pytest.raises(BadInputError, match="no archive that can be read"):
        unpack("source", tmp_path / "a.tar.gz", tmp_path / "out")
