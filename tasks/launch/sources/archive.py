"""Unpacking .tar.gz and .zip archives into a folder, and nowhere else.

The data filter of tarfile does not serve: it refuses a whole archive for one absolute link, unpacks
`/etc/x` as `etc/x`, and asks `os.path.realpath`, see `outward_link`.
"""

from __future__ import annotations

import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from blocks.file_system import is_without_room
from blocks.removal import remove
from blocks.tree import make
from tasks.errors import BadInputError
from tasks.launch.sources.members import (
    CHUNK_BYTES,
    Bounds,
    Member,
    TooMuchError,
    inside,
    members_of,
)
from tasks.launch.sources.outward_link import leads_out

SUFFIXES = (".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz2", ".tar.xz", ".txz", ".zip")
_DAMAGED = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    KeyError,
    RuntimeError,
    NotImplementedError,
    UnicodeError,
    ValueError,
)
"""The errors that the libraries raise for an archive that is cut short, damaged or encrypted."""
_BOUNDS = Bounds()


def is_archive(path: Path) -> bool:
    """Tell by its name whether ``path`` is an archive that can be unpacked."""
    return path.name.lower().endswith(SUFFIXES)


def unpack(field: str, archive: Path, target: Path, bounds: Bounds = _BOUNDS) -> list[str]:
    """Unpack ``archive`` into the empty folder ``target``; a single top folder in it is dropped.

    No more is unpacked than ``bounds`` allows.

    Returns a sentence for each member that was left out: links that lead out of the archive, and
    members that are neither file nor link.

    Raises:
        BadInputError: It is damaged, encrypted, empty, too large, or has a file whose path leads
            out of it.
        OSError: There is no room for it, or it may not be read.
    """
    target.mkdir(parents=True, exist_ok=True)
    unpacking = _Unpacking(field, archive, target, bounds)
    try:
        unpacking.write(members_of(archive, bounds))
    except TooMuchError as error:
        remedy = "Do not use this archive"
        remedy += f"; where you trust it, set {error.setting} higher." if error.setting else "."
        raise BadInputError(field, str(archive), str(error), remedy) from error
    except (*_DAMAGED, OSError) as error:
        if isinstance(error, PermissionError) or is_without_room(error):
            raise
        problem = f"is not an archive that can be read ({error})"
        raise BadInputError(field, str(archive), problem, "Download or make it again.") from error
    if not any(target.iterdir()):
        raise BadInputError(field, str(archive), "has no file in it", "Make it again.")
    _lift_only_folder(target)
    return unpacking.left_out


class _Unpacking:
    """The unpacking of one archive."""

    def __init__(self, field: str, archive: Path, target: Path, bounds: Bounds) -> None:
        self._field = field
        self._archive = archive
        self._target = target
        self._bounds = bounds
        self._bytes = 0
        self.left_out: list[str] = []

    def write(self, members: Iterator[Member]) -> None:
        """Write files, then links, so that no file is written through one."""
        links: list[Member] = []
        for member in members:
            if not inside(member.path):
                raise self._refused(f"its member {str(member.path)!r} points out of the archive")
            if member.special:
                self._leave_out(member, "is neither a file nor a link")
            elif member.link is not None:
                links.append(member)
            elif member.content is not None:
                self._write_file(member, member.content)
        by_depth = sorted(links, key=lambda member: len(member.path.parts))
        written = [member for member in by_depth if self._write_link(member, member.link or "")]
        for member in written:
            self._require_inside(member)

    def _write_file(self, member: Member, content: IO[bytes]) -> None:
        path = self._target / member.path
        try:
            make(path.parent)
            file = path.open("wb")
        except OSError as error:
            if is_without_room(error):
                raise
            name = str(member.path)
            raise self._refused(
                f"its member {name!r} cannot be written ({error.strerror})"
            ) from error
        with file:
            while part := content.read(CHUNK_BYTES):
                self._bytes += len(part)
                self._bounds.refuse_size(self._bytes)
                file.write(part)
        path.chmod(0o755 if member.executable else 0o644)

    def _write_link(self, member: Member, link: str) -> bool:
        """Make a link; tell whether it was made."""
        path = self._target / member.path
        if not inside(member.path.parent / link) or os.path.lexists(path):
            self._leave_out(member, f"is a link that leads out of the archive, to {link!r}")
            return False
        try:
            make(path.parent)
            path.symlink_to(link)
        except OSError as error:
            if is_without_room(error):
                raise
            self._leave_out(member, f"is a link that cannot be made ({error.strerror})")
            return False
        return True

    def _require_inside(self, member: Member) -> None:
        """Remove a link that leads out through another one."""
        if leads_out(self._target, member.path):
            (self._target / member.path).unlink()
            self._leave_out(member, f"is a link that leads out of the archive, to {member.link!r}")

    def _leave_out(self, member: Member, reason: str) -> None:
        self.left_out.append(
            f"{self._archive.name}: {str(member.path)!r} {reason}; it was left out."
        )

    def _refused(self, problem: str) -> BadInputError:
        remedy = "Do not use this archive, or make it again."
        return BadInputError(self._field, str(self._archive), problem, remedy)


def _lift_only_folder(target: Path) -> None:
    """Drop the `name-version/` that sdists and downloads have around everything."""
    children = list(target.iterdir())
    if len(children) != 1 or children[0].is_symlink() or not children[0].is_dir():
        return
    aside = children[0].rename(target.with_name(f"{target.name}.lifted"))
    remove(target)
    aside.rename(target)
