"""Where the parts, flows, builds and services put temporary files: in the home, nobody else's.

Prefect's runner keeps its files in one folder of the system's temporary directory, which belongs
to whichever user of a machine came first. The path of a Unix socket may have about 100 characters,
of which a test suite takes half: a home that lies deep is reached by a short link.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path

from tasks.errors import BadInputError

LONGEST = 48
SHORT = Path("/tmp")  # noqa: S108 - only a link lies there, and its owner is checked


def temporary_folder(root: Path) -> Path:
    """Return the path of the temporary folder of the home ``root``."""
    folder = root / "tmp"
    if len(str(folder)) <= LONGEST:
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:10]
    return SHORT / f"slipway-{os.getuid()}-{digest}"


def make_temporary_folder(root: Path) -> None:
    """Make the temporary folder of the home ``root``, and the link to it where it has one.

    Raises:
        BadInputError: Another user has put something in the place of the link.
    """
    folder, path = root / "tmp", temporary_folder(root)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path == folder:
        return
    if not path.is_symlink():
        with suppress(FileExistsError):  # looked at below
            path.symlink_to(folder)
    if not path.is_symlink() or path.lstat().st_uid != os.getuid() or path.readlink() != folder:
        remedy = f"Remove it, or choose a SLIPWAY_HOME of at most {LONGEST - 4} characters."
        raise BadInputError("SLIPWAY_HOME", str(root), f"{path} is not our link to it", remedy)


def remove_link(root: Path) -> None:
    """Remove the link to the temporary folder, where the home has one of its own."""
    path = temporary_folder(root)
    if path.is_symlink() and path.lstat().st_uid == os.getuid():
        path.unlink()
