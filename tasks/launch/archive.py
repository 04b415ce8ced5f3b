"""Unpacks .tar.gz and .zip archives into a folder, and nowhere else."""

from __future__ import annotations

import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tasks.errors import BadInputError

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tar.xz", ".zip")


@dataclass(frozen=True, slots=True)
class Member:
    """One file or symbolic link of an archive; ``link`` is where the latter points to."""

    path: PurePosixPath
    executable: bool = False
    link: str | None = None
    content: IO[bytes] | None = None


def is_archive(path: Path) -> bool:
    """Tell whether that name is one of an archive that can be unpacked."""
    return path.name.endswith(SUFFIXES)


def unpack(field: str, archive: Path, target: Path) -> None:
    """Unpack ``archive`` into the empty folder ``target``; one top folder in it is left out.

    Raises:
        BadInputError: It is damaged, or a member points out of ``target``.
    """
    target.mkdir(parents=True, exist_ok=True)
    members = _zip(archive) if archive.suffix == ".zip" else _tar(archive)
    try:
        _write(field, archive, members, target)
    except (tarfile.TarError, zipfile.BadZipFile, EOFError) as error:
        raise BadInputError(
            field, str(archive), f"is no archive that can be read ({error})", "Download it again."
        ) from error
    _lift_only_folder(target)


def _write(field: str, archive: Path, members: Iterator[Member], target: Path) -> None:
    links = []
    for member in members:
        if not _stays_inside(member):
            raise BadInputError(
                field,
                str(archive),
                f"its member {str(member.path)!r} points out of the archive",
                "Do not use this archive: it would write elsewhere.",
            )
        if member.link is not None:
            links.append(member)
        elif member.content is not None:
            _write_file(target / member.path, member)
    for member in links:  # last, so that no file is written through one
        path = target / member.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.symlink_to(member.link or "")


def _write_file(path: Path, member: Member) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        shutil.copyfileobj(member.content or file, file)
    path.chmod(0o755 if member.executable else 0o644)


def _stays_inside(member: Member) -> bool:
    if member.link is None:
        return _inside(member.path)
    return _inside(member.path) and _inside(member.path.parent / member.link)


def _inside(path: PurePosixPath) -> bool:
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            return False
    return True


def _tar(archive: Path) -> Iterator[Member]:
    with tarfile.open(archive) as file:
        for item in file:
            path = PurePosixPath(item.name)
            if item.issym():
                yield Member(path, link=item.linkname)
            elif item.isreg() or item.islnk():
                yield Member(path, bool(item.mode & 0o100), content=file.extractfile(item))


def _zip(archive: Path) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        for item in file.infolist():
            mode, path = item.external_attr >> 16, PurePosixPath(item.filename)
            if stat.S_ISLNK(mode):
                yield Member(path, link=file.read(item).decode())
            elif not item.is_dir():
                with file.open(item) as content:
                    yield Member(path, bool(mode & 0o100), content=content)


def _lift_only_folder(target: Path) -> None:
    """Drop the `name-version/` that sdists and downloads have around everything."""
    inside = list(target.iterdir())
    if len(inside) != 1 or inside[0].is_symlink() or not inside[0].is_dir():
        return
    aside = inside[0].rename(target.with_name(f"{target.name}.lifted"))
    target.rmdir()
    aside.rename(target)
