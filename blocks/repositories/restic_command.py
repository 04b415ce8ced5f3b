"""Builds the command lines and the environment of restic; executes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.providers.process.inherited import inherited

_KEPT = frozenset(
    {
        *("SSH_AUTH_SOCK", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "RCLONE_CONFIG"),
        *("AWS_PROFILE", "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"),
        "GOOGLE_APPLICATION_CREDENTIALS",
    }
)
"""Variables of ours that restic inherits besides those of every child: they say where the user's
keys are, and hold no key."""
_REMOTE = re.compile(r"^(sftp|rest|s3|b2|azure|gs|swift|rclone):")
_WILD = re.compile(r"([\\*?\[\]])")


def local_folder(location: str) -> Path | None:
    """Return the absolute folder that ``location`` names; None for a remote one."""
    if _REMOTE.match(location):
        return None
    return Path(location.removeprefix("local:")).expanduser().absolute()


def init() -> list[str]:
    """Create the repository."""
    return ["init"]


def config() -> list[str]:
    """Show the repository's own settings, which are the last thing that `init` writes."""
    return ["cat", "--no-lock", "config"]


def unlock() -> list[str]:
    """Remove the locks of dead processes, and those only."""
    return ["unlock"]


def backup(
    sources: Sequence[Path], exclude: Sequence[Path], tags: Sequence[str], host: str
) -> list[str]:
    """Store ``sources``; ``exclude`` are paths, not patterns."""
    paths = [str(path) for path in sources]
    if relative := [path for path in paths if not path.startswith("/")]:
        # restic stores paths as given: a relative one could never be put back.
        raise ValueError(f"not absolute: {relative}")
    return [
        "backup",
        "--json",
        "--host",
        host,
        *(part for tag in tags for part in ("--tag", tag)),
        *(part for path in exclude for part in ("--exclude", literal(path))),
        "--",
        *paths,
    ]


def literal(path: Path) -> str:
    """Return the restic pattern that matches ``path`` and nothing else."""
    return _WILD.sub(r"\\\1", str(path))


def check(read_data_subset: str = "") -> list[str]:
    """Verify the structure and, where asked for, a part of the data."""
    return ["check", *(["--read-data-subset", read_data_subset] if read_data_subset else [])]


def snapshots(tags: Sequence[str] = ()) -> list[str]:
    """List the snapshots that bear all of ``tags``."""
    return ["snapshots", "--json", *(["--tag", ",".join(tags)] if tags else [])]


def entries(snapshot_id: str) -> list[str]:
    """List every path of a snapshot."""
    return ["ls", "--json", "--", snapshot_id]


def read(snapshot_id: str, path: str) -> list[str]:
    """Write one file of a snapshot to the standard output."""
    return ["dump", "--", snapshot_id, path]


def restore(snapshot_id: str, target: Path, *, sparse: bool) -> list[str]:
    """Write a snapshot below ``target``; ``sparse``: without writing the holes of files."""
    return [
        "restore",
        *(["--sparse"] if sparse else []),
        "--target",
        str(target),
        "--",
        snapshot_id,
    ]


def version() -> list[str]:
    """Say which restic it is."""
    return ["version"]


def forget(snapshot_ids: Sequence[str]) -> list[str]:
    """Drop snapshots, by id."""
    return ["forget", "--", *snapshot_ids]


def environment(
    ours: Mapping[str, str],
    location: str,
    password_file: str,
    variables: Mapping[str, str],
    cache: Path | None,
) -> dict[str, str]:
    """Return restic's environment, so that location and password are never in a command line.

    ``ours`` is our own environment, of which it inherits what it needs to work: no secret of the
    worker, and none of the caller's own restic settings (``RESTIC_*``).
    """
    passed_on = {name: value for name, value in ours.items() if name in _KEPT}
    folder = local_folder(location)
    return {
        **inherited(ours, tools=False),
        **passed_on,
        # Lines of progress a second; the default is sixty.
        "RESTIC_PROGRESS_FPS": "2",
        **({"RESTIC_CACHE_DIR": str(cache)} if cache else {}),
        **variables,
        "RESTIC_REPOSITORY": location if folder is None else str(folder),
        "RESTIC_PASSWORD_FILE": password_file,
    }
