"""The files of one run, in the folder that is its identity; standard library only.

Readable by nobody else. A record is whole or absent: it is written beside and renamed.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

Record = dict[str, Any]

SPEC = "spec.json"
STATE = "state.json"
STOP = "stop.json"
EXIT = "exit.json"
LOCK = "lock"
LOG = "output.log"


def prepare(directory: Path) -> None:
    """Create the folder for us alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_record(directory: Path, name: str, record: Record, *, durable: bool = False) -> None:
    """Put ``record`` into place in one step; ``durable``: on the disk before this returns."""
    temporary = directory / f".{name}.{os.getpid()}"
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        json.dump(record, file)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    temporary.replace(directory / name)
    if durable:
        _sync_folder(directory)


def read_record(directory: Path, name: str) -> Record | None:
    """Return that record; None when it was never written."""
    try:
        text = (directory / name).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    record: Record = json.loads(text)
    return record


def _sync_folder(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
