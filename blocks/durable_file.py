"""Writes files atomically, also across a power loss or on a full disk.

It uses little of the standard library and nothing else, as the shim imports it.
"""

from __future__ import annotations

import os
import sys


def write(path: str, content: str | bytes, *, durable: bool = True) -> None:
    """Put ``content`` at ``path`` in one step, readable by its owner only.

    ``durable``: the file is on the disk before this returns. A failed write leaves no draft, and
    the previous file as it was.

    Raises:
        OSError: It cannot be written, e.g. on a full disk.
    """
    folder, name = os.path.split(path)
    draft = os.path.join(folder, f".{name}.{os.getpid()}")
    data = content.encode() if isinstance(content, str) else content
    try:
        _fill(draft, data, durable=durable)
        os.replace(draft, path)
    except BaseException:
        _remove(draft)
        raise
    if durable:
        sync_folder(folder or ".")


def keep(path: str, content: str) -> None:
    """Write ``content``, unless the file holds it already, which needs no room on a full disk."""
    try:
        with open(path, "rb") as file:
            same = file.read() == content.encode()
    except FileNotFoundError:
        same = False
    if not same:
        write(path, content)


def sync_folder(folder: str) -> None:
    """Write the names in ``folder`` to the disk before this returns."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_tree(folder: str) -> None:
    """Write all that lies in and below ``folder`` to the disk before this returns.

    On Linux the file system is synchronised as a whole (syncfs), which takes one call for the
    twenty thousand files of a release; elsewhere every file system is.
    """
    if sys.platform != "linux":
        os.sync()
        return
    import ctypes  # noqa: PLC0415 - the shim does not pay for it

    descriptor = os.open(folder, os.O_RDONLY)
    try:
        if ctypes.CDLL(None, use_errno=True).syncfs(descriptor):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), folder)
    finally:
        os.close(descriptor)


def _fill(draft: str, data: bytes, *, durable: bool) -> None:
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        while data:
            data = data[os.write(descriptor, data) :]
        if durable:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _remove(draft: str) -> None:
    try:
        os.unlink(draft)
    except FileNotFoundError:
        pass
