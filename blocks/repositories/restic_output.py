"""Parses restic's output from 0.14 on: JSON lines into values, complaints into errors."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from blocks.repositories.errors import (
    RepositoryDamagedError,
    RepositoryError,
    RepositoryForbiddenError,
    RepositoryFullError,
    RepositoryKilledError,
    RepositoryLockedError,
    RepositoryMissingError,
    RepositoryUnreachableError,
    SnapshotMissingError,
    WrongPasswordError,
)
from blocks.repositories.interface import Progress, Stored, StoredEntry, StoredSnapshot

INCOMPLETE = 3
# Exit codes that name their cause, from restic 0.17 on; before, all are 1 and the text tells.
_CODES: dict[int, type[RepositoryError]] = {
    10: RepositoryMissingError,
    12: WrongPasswordError,
}
_TEXTS: tuple[tuple[str, type[RepositoryError]], ...] = (
    (r"wrong password|no key found", WrongPasswordError),
    (r"already locked", RepositoryLockedError),
    (r"no space left on device|disk quota exceeded", RepositoryFullError),
    (r"permission denied|access ?denied|forbidden|unauthorized", RepositoryForbiddenError),
    (r"read-only file system", RepositoryForbiddenError),
    (r"ciphertext verification failed|is damaged|contains errors", RepositoryDamagedError),
    (r"hash does not match|invalid hash|wrong hash", RepositoryDamagedError),
    (r"invalid data returned|not found in index|invalid file size", RepositoryDamagedError),
    (r"there were \d+ errors|unexpected EOF|unmarshal", RepositoryDamagedError),
    (r"no matching id|no snapshot found|no such snapshot", SnapshotMissingError),
    (r"connection refused|connection reset|unreachable|time(d )?out", RepositoryUnreachableError),
    (r"resolve hostname|no such host|start the sftp", RepositoryUnreachableError),
    (r"unable to open config file.*(no such file|not exist|not found)", RepositoryMissingError),
    (r"unable to open (config|repository)|server response", RepositoryUnreachableError),
)


def parse_line(line: str) -> dict[str, Any]:
    """Return the JSON object in ``line``; an empty one for anything else restic prints."""
    if not line.lstrip().startswith("{"):
        return {}
    try:
        value = json.loads(line)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def progress_of(message: dict[str, Any]) -> Progress | None:
    """Return the progress in a line of `restic backup --json`; None for other lines."""
    if message.get("message_type") != "status":
        return None
    seconds_left = message.get("seconds_remaining")
    return Progress(
        fraction=min(1.0, float(message.get("percent_done", 0.0))),
        bytes_done=int(message.get("bytes_done", 0)),
        bytes_total=int(message.get("total_bytes", 0)),
        files_done=int(message.get("files_done", 0)),
        seconds_left=None if seconds_left is None else float(seconds_left),
    )


def stored_of(message: dict[str, Any]) -> Stored | None:
    """Return the result in the last line of `restic backup --json`; None for other lines."""
    if message.get("message_type") != "summary" or not message.get("snapshot_id"):
        return None
    return Stored(
        id=str(message["snapshot_id"]),
        files=int(message["total_files_processed"]),
        total_bytes=int(message["total_bytes_processed"]),
        added_bytes=int(message.get("data_added_packed", message["data_added"])),
        seconds=float(message["total_duration"]),
    )


def version_of(text: str) -> tuple[int, ...]:
    """Return the version in the output of `restic version`, e.g. (0, 14), or ``()``."""
    numbers = re.search(r"restic (\d+)\.(\d+)", text)
    return tuple(map(int, numbers.groups())) if numbers else ()


def unread_paths(complaints: str) -> list[str]:
    """Return the sources that a backup could not read, in the order of its complaints."""
    paths: dict[str, None] = {}
    for line in complaints.splitlines():
        if item := parse_line(line).get("item"):
            paths[str(item)] = None
        elif line.endswith(" does not exist, skipping"):
            paths[line.removesuffix(" does not exist, skipping")] = None
    return list(paths)


def parse_snapshots(text: str) -> list[StoredSnapshot]:
    """Read `restic snapshots --json`, oldest first."""
    snapshots = [
        StoredSnapshot(
            id=str(item["id"]),
            taken_at=epoch(str(item["time"])),
            paths=tuple(item.get("paths") or ()),
            tags=tuple(item.get("tags") or ()),
            host=str(item.get("hostname", "")),
        )
        for item in json.loads(text) or []
    ]
    return sorted(snapshots, key=lambda item: item.taken_at)


def parse_entries(lines: Iterable[str]) -> Iterable[StoredEntry]:
    """Read `restic ls --json`, whose first line is the snapshot itself."""
    for line in lines:
        message = parse_line(line)
        if "path" in message and "type" in message:
            yield StoredEntry(
                str(message["path"]),
                str(message["type"]),
                int(message.get("size") or 0),
                epoch(str(message["ctime"])) if "ctime" in message else 0.0,
            )


def epoch(stamp: str) -> float:
    """Return the epoch seconds of a restic time, whose fraction may have nine digits."""
    return datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", stamp)).timestamp()


def error_of(repository: str, code: int, complaints: str) -> RepositoryError:
    """Return the error for restic's exit code and redacted complaints."""
    lines = [
        line.strip() for line in complaints.splitlines() if line.strip() not in {"", repository}
    ]
    plain_lines = [line.removeprefix("Fatal: ") for line in lines if not line.startswith("{")]
    if code < 0:
        return RepositoryKilledError(repository, f"restic was killed by signal {-code}")
    detail = _detail(plain_lines) or f"restic ended with code {code}"
    if kind := _CODES.get(code):
        return kind(repository, detail)
    # The repository's own path must not match: a folder may be called `unreachable`.
    flat = " ".join(plain_lines).replace(repository, "")
    for pattern, kind in _TEXTS:
        if re.search(pattern, flat, re.IGNORECASE):
            return kind(repository, detail)
    return RepositoryError(repository, detail)


def _detail(lines: list[str]) -> str:
    """Return the first line, which says what happened, and the last, which says what followed."""
    telling = dict.fromkeys([*lines[:1], *lines[-1:]])
    return "; ".join(line.rstrip(".") for line in telling)[:600]
