"""Full, independent copies of a release: what runs in one cannot change another or the release.

Hard links would not do: a write through one changes both.
"""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from pathlib import Path

from blocks import file_lock
from blocks.removal import discard
from blocks.tree import copy
from tasks.errors import NotFoundError
from tasks.launch.lock import locked
from tasks.launch.spreading import spread
from tasks.release import Release

_UNFINISHED = ".copying-"
_COMMANDS = {
    # Where the file system can, blocks are shared until one of the two files is written.
    "linux": ("cp", "-a", "--reflink=auto", "--"),
    "darwin": ("cp", "-cRp", "--"),
}


def copy_release(release: Release, target: Path) -> Release:
    """Return ``release`` at ``target``: its source and environment, copied unless they are there.

    The copy appears there in one step. Symbolic links and the times of files are kept, so
    that compiled Python stays valid. A copy on the file system of the release is cheapest.

    Raises:
        NotFoundError: The release is no longer on disk.
        OSError: There is no room, or ``target`` cannot be written.
    """
    if not target.exists():
        if not release.path.is_dir():
            raise NotFoundError("release", str(release.path), [], "Build it again.")
        with _draft(target.parent) as (draft, lock):
            copy_tree(release.path, draft / "copy", lock)
            _put_into_place(draft / "copy", target)
    return replace(release, path=target)


def copy_tree(source: Path, target: Path, *locks: int) -> None:
    """Copy the folder ``source`` to ``target``, which does not exist yet.

    ``locks`` are open locks that the copying program keeps, in case it outlives its caller.
    """
    command = _COMMANDS.get(sys.platform, ())
    if command and shutil.which(command[0]):
        argv = [*command, str(source), str(target)]
        if subprocess.run(argv, check=False, capture_output=True, pass_fds=locks).returncode == 0:
            return
        discard(target)
    copy(source, target)  # where this fails as well, its error says why


def _put_into_place(copy: Path, target: Path) -> None:
    try:
        copy.rename(target)
    except OSError as error:  # another copier was faster: a folder with content is never replaced
        if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
            raise


@contextmanager
def _draft(folder: Path) -> Iterator[tuple[Path, int]]:
    """Give a new folder below ``folder``, removed afterwards, and its lock, which ends with us.

    What killed copiers have left there is removed.
    """
    with ExitStack() as stack:
        with locked(folder / ".lock"):
            spread(folder)
            for leftover in folder.glob(f"{_UNFINISHED}*"):
                with suppress(OSError), file_lock.unless_held(leftover, file_lock.FOLDER) as lock:
                    if lock is not None:  # no living copier holds it
                        discard(leftover)
            draft = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=folder))
            own_lock = os.open(draft, file_lock.FOLDER)
            stack.callback(os.close, own_lock)
            file_lock.take(own_lock)  # it is free: nobody else knows the folder
        stack.callback(discard, draft)
        yield draft, own_lock
