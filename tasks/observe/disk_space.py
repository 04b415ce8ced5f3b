"""A warning about a file system with little room left."""

from __future__ import annotations

import os
from pathlib import Path

from blocks.file_system import mount_of
from tasks.quantities import MIB_BYTES

LOW_BYTES = 1024 * MIB_BYTES
LOW_SHARE = 0.1
"""Room is low below both bounds: a gigabyte on a large disk, a tenth of a small one."""


def low_room(folder: Path) -> str:
    """Return a sentence where the file system of ``folder`` has little room left; else nothing."""
    file_system = os.statvfs(folder)
    free, total = (
        file_system.f_bavail * file_system.f_frsize,
        file_system.f_blocks * file_system.f_frsize,
    )
    if not is_low(free, total):
        return ""
    return (
        f"Little room is left on the file system at {mount_of(folder)}: {free / MIB_BYTES:.0f} of "
        f"{total / MIB_BYTES:.0f} MiB. Make room there, or enlarge it: without any, builds, backups and "
        "databases fail."
    )


def is_low(free: int, total: int) -> bool:
    """Tell whether ``free`` of ``total`` bytes is below both bounds."""
    return free < min(LOW_BYTES, LOW_SHARE * total)
