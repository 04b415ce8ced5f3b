"""The archive of the history read so far: a typed Parquet file, replaced atomically.

A file of another server, ledger or version of these columns is ignored: everything is read again.
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field, fields
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from analytics.history.runs import Run

VERSION = 1
# Runs that started longer ago are dropped.
KEPT_SECONDS = 400 * 86_400.0
_ABOUT = b"slipway"
_TYPES = {"str": pa.string(), "float": pa.float64(), "int": pa.int64(), "bool": pa.bool_()}
SCHEMA = pa.schema([(each.name, _TYPES[str(each.type)]) for each in fields(Run)])


@dataclass(frozen=True, slots=True)
class Archive:
    """The runs read from ``source``, complete from epoch second ``since`` until ``until``.

    ``last`` is the number of the last row read, where the source numbers its rows. ``note`` says
    why an existing file was ignored; ``until`` is 0 if nothing was read.
    """

    source: str
    runs: tuple[Run, ...] = field(default=(), repr=False)
    since: float = 0.0
    until: float = 0.0
    last: int = 0
    note: str = ""


def load(path: Path, source: str, since: float) -> Archive:
    """Return the archive of ``source`` in ``path``; an empty one if it begins after ``since``."""
    if not path.exists():
        return Archive(source)
    try:
        table = pq.read_table(path)
        metadata = json.loads((table.schema.metadata or {})[_ABOUT])
    except (OSError, pa.ArrowException, KeyError, ValueError) as error:
        return Archive(
            source, note=f"{path.name} cannot be read ({error}): reading everything again"
        )
    if metadata["version"] != VERSION or not table.schema.equals(SCHEMA):
        return Archive(source, note=f"{path.name} is of another version: reading everything again")
    if metadata["source"] != source:
        return Archive(source, note=f"{path.name} is of another server: reading everything again")
    if metadata["since"] > since:
        return Archive(
            source, note=f"{path.name} does not reach back so far: reading everything again"
        )
    runs = tuple(Run(**row) for row in table.to_pylist())
    return Archive(source, runs, metadata["since"], metadata["until"], metadata["last"])


def save(path: Path, archive: Archive) -> None:
    """Replace the archive in ``path`` atomically."""
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"version": VERSION} | {
        name: getattr(archive, name) for name in ("source", "since", "until", "last")
    }
    values_by_column = {name: [getattr(run, name) for run in archive.runs] for name in SCHEMA.names}
    table = pa.Table.from_pydict(values_by_column, SCHEMA)
    # Two concurrent trainings must not write to the same file.
    partial = path.with_suffix(f".{os.getpid()}.part")
    try:
        pq.write_table(table.replace_schema_metadata({_ABOUT: json.dumps(metadata)}), partial)
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def reach(archive: Archive, since: float, now: float) -> float:
    """Return the moment from which history is kept; a short look-back does not cut the archive."""
    return min(since, max(archive.since, now - KEPT_SECONDS)) if archive.until else since
