"""The remains of a killed restore in its target, known by the claim file that it writes first.

Without a claim nobody could tell them from the files of a user, and the target would be refused.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks import file_lock, removal
from tasks.errors import BusyError

WORK = ".restoring"
"""The folder that restic writes to."""

CLAIM = ".restoring.json"
"""Lists what a restore makes in its target; locked by it for as long as it lives."""


def holds_remains_only(target: Path) -> bool:
    """Tell whether all that lies in the folder ``target`` was put there by a running restore."""
    try:
        claim = json.loads((target / CLAIM).read_text(encoding="utf-8") or "[]")
    except (OSError, ValueError):
        return False
    names = {name for name in claim if isinstance(name, str)} if isinstance(claim, list) else set()
    return {child.name for child in target.iterdir()} <= names | {WORK, CLAIM}


@contextmanager
def claimed(target: Path, names: Iterable[str]) -> Iterator[None]:
    """Claim ``target`` for one restore, which will make ``names``; remove a killed one's remains.

    Raises:
        BusyError: Another restore writes to it.
    """
    with (target / CLAIM).open("a", encoding="utf-8") as claim:
        # It does not hold remains only where a restore has ended since this was opened.
        if not file_lock.take(claim) or not holds_remains_only(target):
            raise BusyError(
                f"Another restore writes to {target}; wait for it, or give another folder."
            )
        for child in target.iterdir():
            if child.name != CLAIM:
                remove(child)
        claim.truncate(0)
        claim.write(json.dumps(sorted(names)))
        claim.flush()
        os.fsync(claim.fileno())
        try:
            yield
        finally:
            (target / CLAIM).unlink()


def remove(path: Path) -> None:
    """Remove a file or a tree, read-only folders and all."""
    if path.is_symlink() or not path.is_dir():
        path.unlink()
        return
    removal.remove(path)
