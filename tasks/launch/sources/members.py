"""The members of an archive, one after another, and the bounds on their number and size."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from tasks.errors import SlipwayError

_UTF_8_NAME = 0x800
"""The flag of a member of a .zip whose name is UTF-8."""
_FINDER_NAMES = frozenset({"__MACOSX", ".DS_Store"})
CHUNK_BYTES = 1024**2
"""The most bytes of a member that are read at once; a name or a link is read whole, with fewer."""
_COMPRESSED: dict[bytes, Callable[[Path], io.BufferedIOBase]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}
"""The readers of compressed files, by the bytes that such a file begins with."""


class TooMuchError(SlipwayError):
    """An archive exceeds a bound; the message says which, ``setting`` is the setting to raise."""

    def __init__(self, problem: str, setting: str = "") -> None:
        super().__init__(problem)
        self.setting = setting


@dataclass(frozen=True, slots=True)
class Bounds:
    """The most that an archive may hold: its size unpacked in MiB, and its number of members."""

    mib: int = 512
    members: int = 200_000

    def refuse_size(self, size: int) -> None:
        """Raise TooMuchError where ``size``, in bytes, exceeds the bound."""
        if size > self.mib * 1024**2:
            raise TooMuchError(f"has more than {self.mib} MiB in it", "SLIPWAY_ARCHIVE_MIB")

    def refuse_count(self, count: int) -> None:
        """Raise TooMuchError where the number of members, folders included, exceeds the bound."""
        if count > self.members:
            problem = f"has more than {self.members} members"
            raise TooMuchError(problem, "SLIPWAY_ARCHIVE_MEMBERS")


@dataclass(frozen=True, slots=True)
class Member:
    """One file or symbolic link of an archive; ``link`` is the target of the latter.

    A ``special`` member is neither: a device or a pipe.
    """

    path: PurePosixPath
    executable: bool = False
    link: str | None = None
    content: IO[bytes] | None = None
    special: bool = False


def inside(path: PurePosixPath) -> bool:
    """Tell whether a path that begins at the top of an archive stays in it."""
    depth = 0
    for part in path.parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or part == "/":
            return False
    return True


def members_of(archive: Path, bounds: Bounds) -> Iterator[Member]:
    """Yield the members of ``archive``, without folders and what the Finder of macOS adds.

    Raises:
        TooMuchError: There are more than ``bounds`` allows, or one has an endless name or link.
        ReadError: A tar has no end mark after what can be read of it: it is cut or damaged.
    """
    return (_zip if archive.suffix.lower() == ".zip" else _tar)(archive, bounds)


def _tar(archive: Path, bounds: Bounds) -> Iterator[Member]:
    with _uncompressed(archive) as plain, tarfile.open(fileobj=_InPieces(plain)) as file:
        last = ""
        for number, info in enumerate(file, start=1):
            bounds.refuse_count(number)
            last = info.name
            path = PurePosixPath(info.name)
            if _is_of_the_finder(path) or info.isdir():
                continue
            if info.issym():
                yield Member(path, link=info.linkname)
            elif info.islnk() and not inside(PurePosixPath(info.linkname)):
                yield Member(path, link=str(PurePosixPath("/", info.linkname)))
            elif info.isreg() or info.islnk():
                yield Member(path, bool(info.mode & 0o100), content=file.extractfile(info))
            else:
                yield Member(path, special=True)
        plain.seek(file.offset)
        _require_end(plain, last, bounds)


def _require_end(plain: io.BufferedIOBase, last: str, bounds: Bounds) -> None:
    """Read a tar from its end mark to the end, so that the checksum of its compression is checked.

    tarfile takes anything that is not a header for the end, and stops reading there.
    """
    if plain.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError(f"it is cut or damaged after its member {last!r}")
    size = 0
    while part := plain.read(CHUNK_BYTES):
        size += len(part)
        bounds.refuse_size(size)


def _zip(archive: Path, bounds: Bounds) -> Iterator[Member]:
    with zipfile.ZipFile(archive) as file:
        bounds.refuse_count(len(file.infolist()))
        for info in file.infolist():
            mode, path = info.external_attr >> 16, PurePosixPath(_name(info))
            if _is_of_the_finder(path) or info.is_dir():
                continue
            with file.open(info) as content:
                if stat.S_ISLNK(mode):
                    yield Member(path, link=os.fsdecode(_short(content)))
                else:
                    yield Member(path, bool(mode & 0o100), content=content)


class _InPieces(io.RawIOBase):
    """A file of which no more than `CHUNK_BYTES` can be read at once.

    tarfile reads long names and the headers before a member at once, whatever their size.
    """

    def __init__(self, file: io.BufferedIOBase) -> None:
        super().__init__()
        self._file = file

    def read(self, size: int = -1) -> bytes:
        """Return up to ``size`` bytes; raise TooMuchError for more than a chunk."""
        if not 0 <= size <= CHUNK_BYTES:
            raise TooMuchError(f"has a name or header longer than {CHUNK_BYTES} bytes")
        return self._file.read(size)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move to an offset and return it."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the offset."""
        return self._file.tell()


def _uncompressed(archive: Path) -> io.BufferedIOBase:
    with archive.open("rb") as file:
        start = file.read(max(map(len, _COMPRESSED)))
    opener = next(
        (
            open_compressed
            for signature, open_compressed in _COMPRESSED.items()
            if start.startswith(signature)
        ),
        None,
    )
    return archive.open("rb") if opener is None else opener(archive)


def _short(content: IO[bytes]) -> bytes:
    """Return the whole target of a link."""
    target = content.read(CHUNK_BYTES)
    if content.read(1):
        raise TooMuchError(f"has a link longer than {CHUNK_BYTES} bytes")
    return target


def _is_of_the_finder(path: PurePosixPath) -> bool:
    """Tell whether the Finder of macOS has added the path for itself."""
    return not _FINDER_NAMES.isdisjoint(path.parts) or path.name.startswith("._")


def _name(info: zipfile.ZipInfo) -> str:
    """Return the name of a member: many programs write UTF-8 and do not say so."""
    name = info.filename
    if not info.flag_bits & _UTF_8_NAME:
        try:
            name = name.encode("cp437").decode("utf-8")
        except UnicodeError:
            name = info.filename
    return name if "/" in name else name.replace("\\", "/")
