"""Recognises a full file system by its error messages, and names it with the remedy."""

from __future__ import annotations

import errno
import os
import re
import sys
import tempfile
from pathlib import Path

_TELLS = re.compile(
    r"(?i)no space left on device|\bENOSPC\b|\[Errno 28\]|disk quota exceeded"
    r"|database or disk is full"
)
_PATH = re.compile(r"(?<![\w./-])/[^\s'\"`:,;<>|*?()\[\]]+")
_COPIED = re.compile(r"(['\"`\u2018])/[^'\"`\u2019]*['\"`\u2019] ?(?:->|to|,) ?(?=['\"`\u2018]/)")
"""What is copied, where a message names it before what it is copied to."""
_MIB = 1 << 20
_MIN_BYTES = 1 << 16
_NAMED = "No room is left on the file system"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_without_room(error: BaseException) -> bool:
    """Tell whether ``error`` is a system call's error for a full disk or an exceeded quota."""
    return isinstance(error, OSError) and error.errno in _NO_ROOM


def tells_no_room(message: str) -> bool:
    """Tell whether ``message``, of the system, npm or SQLite, says that a disk is full."""
    return bool(_TELLS.search(message))


def told_full(message: str, *places: Path) -> str:
    """Return ``message``; if it tells of a full disk, add which file system is full and what to do.

    That is added only once, by the code that knew best where it happened.
    """
    if not tells_no_room(message) or _NAMED in message:
        return message
    return f"{message.rstrip().removesuffix('.')}. {full_file_system(message, *places)}"


def full_elsewhere(machine: str) -> str:
    """Return a sentence that names a file system of another machine that is full."""
    return f"{_NAMED} of {machine}. Make room there, or enlarge it, and start this again."


def full_file_system(message: str, *places: Path) -> str:
    """Return a sentence that names the file system that is full, and what to do about it.

    It is the file system of a path in a line of ``message`` that tells of a full disk, not of what
    is only read: what is copied is on no full disk for that. If there is no such path, it is the one of ``places`` and of temporary files with the least room.
    """
    telling = [line for line in message.splitlines() if tells_no_room(line)]
    named = [Path(path) for line in telling for path in _PATH.findall(_COPIED.sub("", line))]
    used = named or [*places, Path(tempfile.gettempdir())]
    free, total, mount = min(_room(mount_of(place)) for place in used)
    return (
        f"{_NAMED} at {mount} ({free / _MIB:.1f} of "
        f"{total / _MIB:.1f} MiB free by now). Make room there, or enlarge it, and start this again."
    )


def has_no_room(place: Path) -> bool:
    """Tell whether the file system of ``place`` has less room than a few pages."""
    return _room(mount_of(place))[0] < _MIN_BYTES


def mount_of(place: Path) -> Path:
    """Return the mount point of ``place``, or of its nearest folder that exists."""
    nearest = next(path for path in (place, *place.parents) if os.path.lexists(path)).resolve()
    return next(path for path in (nearest, *nearest.parents) if path.is_mount() or not path.name)


def _room(mount: Path) -> tuple[int, int, Path]:
    try:
        room = os.statvfs(mount)
    except OSError:  # the mount is gone, or its server
        return sys.maxsize, sys.maxsize, mount
    return room.f_bavail * room.f_frsize, room.f_blocks * room.f_frsize, mount
