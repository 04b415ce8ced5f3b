"""Archives are unpacked as they are, and never write elsewhere."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import subprocess
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from blocks.tree import walk
from tasks.errors import BadInputError
from tasks.launch.sources.archive import is_archive, unpack
from tasks.launch.sources.members import Bounds
from tests.tasks.launch.archives import tar_of


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


@pytest.mark.integration
def test_a_full_disk_is_no_fault_of_the_archive(tmp_path: Path, small_disk: Path) -> None:
    """Broken: the user downloads it again and again, or a release has no links."""
    archive = tar_of(tmp_path / "a.tar.gz", large="x" * (2 << 20), link="->large")
    with pytest.raises(OSError, match="No space left on device"):
        unpack("source", archive, small_disk / "out")


@pytest.mark.parametrize(
    "files",
    [
        {"../evil": "x"},
        {"/evil": "x"},
        {"a/../../evil": "x"},
    ],
)
def test_what_points_out_is_refused(tmp_path: Path, files: dict[str, str]) -> None:
    """Broken: an archive from elsewhere could overwrite any file of this user."""
    archive = tar_of(tmp_path / "a.tar.gz", **files)
    with pytest.raises(BadInputError, match="points out of the archive"):
        unpack("source", archive, tmp_path / "deep/out")
    assert not list(tmp_path.rglob("evil"))


def test_what_the_finder_adds_is_no_part_of_it(tmp_path: Path) -> None:
    """Broken: a .zip made on a Mac has two top folders, and no manifest is found."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        for name in ("shop/app.py", "__MACOSX/shop/._app.py", "shop/.DS_Store", "._shop"):
            file.writestr(name, "x")
    assert unpack("source", tmp_path / "a.zip", tmp_path / "out") == []
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["app.py"]


@pytest.mark.parametrize(
    ("suffix", "mode"),
    [
        *(("tar.gz", "w:gz"), ("tgz", "w:gz"), ("tar", "w"), ("tar.bz2", "w:bz2")),
        *(("tbz2", "w:bz2"), ("tar.xz", "w:xz"), ("TXZ", "w:xz")),
    ],
)
def test_every_usual_compression_is_read(tmp_path: Path, suffix: str, mode: Any) -> None:
    """Broken: a download has to be packed anew before it can be launched."""
    path = tmp_path / f"a.{suffix}"
    with tarfile.open(path, mode) as archive:
        member = tarfile.TarInfo("shop/app.py")
        member.size = 1
        archive.addfile(member, io.BytesIO(b"x"))
    assert is_archive(path)
    unpack("source", path, tmp_path / "out")
    assert (tmp_path / "out/app.py").read_text() == "x"


def test_names_are_those_that_were_packed(tmp_path: Path) -> None:
    """Broken: a file whose name is not ASCII is not found where the project looks for it."""
    latin = "gr\udcf6\udcdfe"
    tar_of(tmp_path / "a.tar", **{latin: "x", "größe": "y"})
    unpack("source", tmp_path / "a.tar", tmp_path / "tar")
    assert sorted(path.name for path in (tmp_path / "tar").iterdir()) == sorted([latin, "größe"])
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("AAAAAAA", "x")  # as long as the name in UTF-8, which is not said to be that
        file.writestr("windows\\app.py", "y")
    content = (tmp_path / "a.zip").read_bytes().replace(b"AAAAAAA", "größe".encode())
    (tmp_path / "a.zip").write_bytes(content)
    unpack("source", tmp_path / "a.zip", tmp_path / "zip")
    assert (tmp_path / "zip/größe").read_text() == "x"
    assert (tmp_path / "zip/windows/app.py").read_text() == "y"


@pytest.mark.parametrize("kind", ["empty", "folders", "cut", "hard link", "both"])
def test_what_cannot_be_a_source_is_refused(tmp_path: Path, kind: str) -> None:
    """Broken: a stack trace, a source without files, or a disk that is full."""
    path = tmp_path / "a.tar.gz"
    if kind == "cut":
        tar_of(path, **{f"file{n}": "x" * 10_000 for n in range(100)})
        path.write_bytes(path.read_bytes()[:700])
    elif kind == "both":
        tar_of(path, **{"a": "x", "a/b": "y"})
    else:
        with tarfile.open(path, "w:gz") as archive:
            member = tarfile.TarInfo("a")
            member.type = tarfile.DIRTYPE if kind == "folders" else tarfile.LNKTYPE
            member.linkname = "nowhere"
            if kind != "empty":
                archive.addfile(member)
    with pytest.raises(BadInputError, match=r"^source: .*a\.tar\.gz'\)"):
        unpack("source", path, tmp_path / "out")


def test_a_damaged_archive_says_so(tmp_path: Path) -> None:
    """Broken: a download cut short would show a stack trace."""
    (tmp_path / "a.tar.gz").write_bytes(b"not an archive")
    with pytest.raises(BadInputError, match="is not an archive that can be read"):
        unpack("source", tmp_path / "a.tar.gz", tmp_path / "out")


def bomb(path: Path, mib: int) -> Path:
    """Make an archive of a few KB that has that many MiB of zeros in it."""
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
            file.writestr("zeros", bytes(mib * 1024**2))
    else:
        tar_of(path, zeros="\0" * mib * 1024**2)
    return path


@pytest.mark.parametrize("name", ["a.zip", "a.tar.gz"])
def test_what_grows_beyond_measure_is_refused_with_the_setting(tmp_path: Path, name: str) -> None:
    """Broken: a download of some KB fills the disk, and nobody learns how to have more."""
    archive = bomb(tmp_path / name, 3)
    with pytest.raises(BadInputError, match=r"more than 2 MiB .*SLIPWAY_ARCHIVE_MIB"):
        unpack("source", archive, tmp_path / "out", Bounds(mib=2))
    written = sum(path.stat().st_size for path in tmp_path.rglob("zeros"))
    assert written <= 2 * 1024**2
    unpack("source", archive, tmp_path / "more", Bounds(mib=3))
    assert (tmp_path / "more/zeros").stat().st_size == 3 * 1024**2


def test_without_a_word_an_archive_may_have_512_mib() -> None:
    """Broken: 195 KB become 587 MiB."""
    assert (Bounds().mib, Bounds().members) == (512, 200_000)


@pytest.mark.parametrize("kind", ["files", "folders", "of the Finder", "links"])
@pytest.mark.parametrize("suffix", ["zip", "tar.gz"])
def test_too_many_members_of_any_kind_are_refused(tmp_path: Path, kind: str, suffix: str) -> None:
    """Broken: an archive of empty folders takes all memory and all inodes."""
    archive = tmp_path / f"a.{suffix}"
    names = {"files": "f", "folders": "d", "of the Finder": "__MACOSX/f", "links": "l"}
    if suffix == "zip":
        with zipfile.ZipFile(archive, "w") as zipped:
            for number in range(4):
                zipped.writestr(f"{names[kind]}{number}{'/' * (kind == 'folders')}", "")
    else:
        types = {"folders": tarfile.DIRTYPE, "links": tarfile.SYMTYPE}
        with tarfile.open(archive, "w:gz") as file:
            for number in range(4):
                member = tarfile.TarInfo(f"{names[kind]}{number}")
                member.type, member.linkname = types.get(kind, tarfile.REGTYPE), "f0"
                file.addfile(member)
    with pytest.raises(BadInputError, match=r"more than 3 members.*SLIPWAY_ARCHIVE_MEMBERS"):
        unpack("source", archive, tmp_path / "out", Bounds(members=3))


def test_what_stands_beside_the_files_is_bounded_too(tmp_path: Path) -> None:
    """Broken: a link or a name of many MiB is read into memory, which no limit of files sees."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_DEFLATED) as file:
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        file.writestr(link, "x/" * 1024**2)
    tar_of(tmp_path / "a.tar.gz", **{"x/" * 4 * 1024**2: "x"})
    for archive in (tmp_path / "a.zip", tmp_path / "a.tar.gz"):
        with pytest.raises(BadInputError, match="longer than"):
            unpack("source", archive, tmp_path / f"{archive.name}-out")


@pytest.mark.slow
@pytest.mark.usefixtures("nest")  # which removes what is unpacked
@pytest.mark.parametrize("suffix", ["tar.gz", "zip"])
def test_a_member_may_lie_deep_or_is_named(tmp_path: Path, suffix: str) -> None:
    """Broken: an archive that any tar unpacks is taken for damaged."""
    for depth in (1050, 5000):
        archive, name = tmp_path / f"{depth}.{suffix}", "d/" * depth + "file"
        if suffix == "zip":
            with zipfile.ZipFile(archive, "w") as file:
                file.writestr(name, "x")
        else:
            tar_of(archive, **{name: "x"})
    unpack("source", tmp_path / f"1050.{suffix}", tmp_path / "out")
    assert sum("file" in files for _, _, files in walk(tmp_path / "out")) == 1
    with pytest.raises(BadInputError, match=r"cannot be written \(File name too long"):
        unpack("source", tmp_path / f"5000.{suffix}", tmp_path / "none")


BLOCK = 512
OPENERS: dict[str, Any] = {
    "tar": open,
    "tar.gz": gzip.open,
    "tar.bz2": bz2.open,
    "tar.xz": lzma.open,
}


def plain_tar() -> bytes:
    """Return a tar of three files of one block each, with its end mark of two empty blocks."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in ("Procfile", "f1", "f2"):
            member = tarfile.TarInfo(name)
            member.size = BLOCK
            archive.addfile(member, io.BytesIO(b"x" * BLOCK))
    return buffer.getvalue()


def packed(path: Path, content: bytes) -> Path:
    """Write ``content`` into ``path``, compressed as its name says."""
    with OPENERS[path.name.partition(".")[2]](path, "wb") as file:
        file.write(content)
    return path


@pytest.mark.parametrize("suffix", list(OPENERS))
@pytest.mark.parametrize("damage", ["no end", "cut in a header", "wrong header"])
def test_a_tar_that_ends_before_its_end_mark_is_damaged(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    """Broken: a release with half of its files is built and deployed."""
    content, third = bytearray(plain_tar()), 4 * BLOCK
    if damage == "wrong header":
        content[third + 3] ^= 1
    else:
        del content[third + (100 if damage == "cut in a header" else 0) :]
    archive = packed(tmp_path / f"a.{suffix}", bytes(content))
    with pytest.raises(
        BadInputError, match=r"^source: .*is not an archive that can be read .*'f1'.*again"
    ):
        unpack("source", archive, tmp_path / "out")


@pytest.mark.parametrize("suffix", ["tar.gz", "tar.bz2", "tar.xz"])
@pytest.mark.parametrize("damage", ["wrong sum", "no sum"])
def test_the_checksum_of_a_compressed_archive_is_compared(
    tmp_path: Path, suffix: str, damage: str
) -> None:
    """Broken: files with wrong content are built into a release."""
    archive = packed(tmp_path / f"a.{suffix}", plain_tar())
    content = bytearray(archive.read_bytes())
    if damage == "wrong sum":
        content[-8 if suffix == "tar.gz" else -5] ^= 0x10
    else:
        del content[-4:]
    archive.write_bytes(content)
    with pytest.raises(BadInputError, match=r"is not an archive that can be read .*again"):
        unpack("source", archive, tmp_path / "out")


def test_the_checksum_of_a_member_of_a_zip_is_compared(tmp_path: Path) -> None:
    """Broken: files with wrong content are built into a release."""
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as file:
        file.writestr("app.py", "correct")
    content = (tmp_path / "a.zip").read_bytes().replace(b"correct", b"corrupt")
    (tmp_path / "a.zip").write_bytes(content)
    with pytest.raises(BadInputError, match=r"is not an archive that can be read .*again"):
        unpack("source", tmp_path / "a.zip", tmp_path / "out")


@pytest.mark.parametrize("suffix", list(OPENERS))
@pytest.mark.parametrize("zeros", [1, 2, 200])
def test_an_end_mark_of_any_length_is_one(tmp_path: Path, suffix: str, zeros: int) -> None:
    """Broken: an archive that every tar unpacks is refused as damaged."""
    archive = packed(tmp_path / f"a.{suffix}", plain_tar()[: 6 * BLOCK] + bytes(zeros * BLOCK))
    unpack("source", archive, tmp_path / "out")
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["Procfile", "f1", "f2"]


def test_what_follows_the_end_mark_is_bounded_too(tmp_path: Path) -> None:
    """Broken: a small archive of endless zeros after its end is read for hours."""
    archive = packed(tmp_path / "a.tar.gz", plain_tar() + bytes(4 * 1024**2))
    with pytest.raises(BadInputError, match=r"more than 2 MiB .*SLIPWAY_ARCHIVE_MIB"):
        unpack("source", archive, tmp_path / "out", Bounds(mib=2))


@pytest.mark.integration
@pytest.mark.parametrize(
    "command",
    [
        *("tar -cf a.tar tree", "tar -czf a.tar.gz tree", "tar --format=pax -cjf a.tar.bz2 tree"),
        *("tar --format=v7 -cJf a.tar.xz tree", "tar -b 1 -cf a.tar tree"),
        "git -C tree commit -qm a && git -C tree archive -o ../a.tar.gz HEAD",
    ],
)
def test_what_usual_programs_pack_is_whole(tmp_path: Path, command: str) -> None:
    """Broken: an archive that is whole is refused as damaged."""
    (tmp_path / "tree/d").mkdir(parents=True)
    (tmp_path / "tree/d/file").write_bytes(b"x" * 5000)
    (tmp_path / "tree/same").hardlink_to(tmp_path / "tree/d/file")
    (tmp_path / "tree/link").symlink_to("same")
    prepare = "git init -q tree && git -C tree config user.name a"
    prepare += " && git -C tree config user.email a@b && git -C tree add . && "
    subprocess.run(["sh", "-c", prepare + command], cwd=tmp_path, check=True)
    (archive,) = tmp_path.glob("a.*")
    unpack("source", archive, tmp_path / "out")
    assert (tmp_path / "out/d/file").read_bytes() == (tmp_path / "out/link").read_bytes()


@pytest.mark.parametrize("kind", [tarfile.FIFOTYPE, tarfile.CHRTYPE, tarfile.BLKTYPE])
def test_devices_and_pipes_are_left_out_with_a_word(tmp_path: Path, kind: bytes) -> None:
    """Broken: a release lacks something that its archive has, and nobody learns of it."""
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for name, type_ in (("app.py", tarfile.REGTYPE), ("special", kind)):
            member = tarfile.TarInfo(name)
            member.type = type_
            archive.addfile(member)
    sentences = unpack("source", tmp_path / "a.tar", tmp_path / "out")
    assert sentences == ["a.tar: 'special' is neither a file nor a link; it was left out."]
