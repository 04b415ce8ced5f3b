"""Reads and writes the files of one run in its folder, for all modules but the shim."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from blocks.errors import SlipwayError
from blocks.providers.process.shim.records import EXIT, LOCK, LOG, SPEC, STATE, STOP, json_of, write

__all__ = [
    "EXIT",
    "LOCK",
    "LOG",
    "SPEC",
    "STATE",
    "STOP",
    "UnreadableRecordError",
    "prepare",
    "read_record",
    "readable_record",
    "write_record",
]

Record = dict[str, Any]


class UnreadableRecordError(SlipwayError):
    """A record of a run exists and cannot be read; the message says which and why."""


def prepare(directory: Path) -> None:
    """Create the folder for us alone."""
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)


def write_record(directory: Path, name: str, record: Record, *, durable: bool = False) -> None:
    """Put ``record`` into place in one step; ``durable``: on the disk before this returns."""
    write(str(directory), name, json_of(record), durable=durable)


def read_record(directory: Path, name: str) -> Record | None:
    """Return that record; None when it was never written.

    Raises:
        UnreadableRecordError: It is torn, as a power loss may leave it.
    """
    try:
        record = json.loads((directory / name).read_bytes())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except ValueError as error:
        raise UnreadableRecordError(f"its record {name} cannot be read ({error})") from error
    if not isinstance(record, dict):
        raise UnreadableRecordError(f"its record {name} holds no record")
    return record


def readable_record(directory: Path, name: str) -> Record:
    """Return that record; empty if it was never written or cannot be read."""
    try:
        return read_record(directory, name) or {}
    except UnreadableRecordError:
        return {}
