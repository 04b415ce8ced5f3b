"""The files of one run, in the folder that is its identity, as all but the shim read them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blocks.providers.shim.records import EXIT, LOCK, LOG, SPEC, STATE, STOP, json_of, write

__all__ = ["EXIT", "LOCK", "LOG", "SPEC", "STATE", "STOP", "prepare", "read_record", "write_record"]

Record = dict[str, Any]


def prepare(directory: Path) -> None:
    """Create the folder for us alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_record(directory: Path, name: str, record: Record, *, durable: bool = False) -> None:
    """Put ``record`` into place in one step; ``durable``: on the disk before this returns."""
    write(str(directory), name, json_of(record), durable=durable)


def read_record(directory: Path, name: str) -> Record | None:
    """Return that record; None when it was never written."""
    try:
        text = (directory / name).read_text(encoding="utf-8")
    except (FileNotFoundError, NotADirectoryError):
        return None
    record: Record = json.loads(text)
    return record
