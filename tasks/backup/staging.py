"""The staging folder, where dumps and the manifest wait for restic: one holder, then removed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from blocks import file_lock
from blocks.removal import discard, remove
from tasks.backup.manifest import Manifest, ManifestError, decode
from tasks.errors import BusyError
from tasks.holder import holder_of, signed

CONTENT = "slipway-snapshot"
DATABASES = "databases"
_MANIFEST = "manifest.json"


@contextmanager
def staging_folder(staging: Path, description: str) -> Iterator[Path]:
    """Give an empty folder below ``staging``, for the owner only, and remove it in the end.

    ``description`` names what is backed up through it, e.g. `shop in dev`.

    Its path is the same at every backup, as restic finds increments by it. What a killed backup
    left in it is removed first.

    Raises:
        BusyError: Another process backs up the same thing now.
    """
    staging.mkdir(parents=True, exist_ok=True, mode=0o700)
    content = staging / CONTENT
    with (staging / "lock").open("a+") as lock:
        if not file_lock.take(lock):
            raise BusyError(
                f"A backup of {description} is already running: {holder_of(lock)}. "
                "Wait for it to end, or cancel it; then start this one again."
            )
        discard(content)
        content.mkdir(mode=0o700)
        with signed(lock):
            try:
                yield content
            finally:
                remove(content)


def clear_staging(home: Path) -> list[str]:
    """Remove what killed backups have left below ``home``; return a sentence for each.

    The next backup of the same would remove it, but there may never be one.
    """
    return [
        f"what a killed backup left in {content} was removed"
        for content in home.glob(f"staging/*/*/{CONTENT}")
        if _remove_leftover(content)
    ]


def _remove_leftover(content: Path) -> bool:
    """Remove ``content`` unless a running backup uses it; tell whether it was removed."""
    doomed = content.with_name(f".{CONTENT}.{os.getpid()}")
    with file_lock.unless_held(content.parent / "lock") as lock:
        if lock is None:
            return False
        # The lock is held for the rename alone: a backup that begins meanwhile would be refused.
        content.rename(doomed)
    discard(doomed)
    return True


def remember(staging: Path, manifest: bytes) -> None:
    """Keep the manifest of a completed snapshot, so that the next one reads only what changed."""
    fresh = staging / f"{_MANIFEST}.new"
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(manifest)
    fresh.replace(staging / _MANIFEST)


def remembered(staging: Path) -> Manifest | None:
    """Return the manifest of the last completed snapshot; None if there is none to trust."""
    try:
        return decode((staging / _MANIFEST).read_bytes())
    except (FileNotFoundError, ManifestError):
        return None
