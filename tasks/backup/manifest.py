"""The manifest of a snapshot: its contents, by which a restored copy is compared and launched."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from operator import attrgetter
from pathlib import Path
from typing import Any

from tasks.backup.sources import Source
from tasks.backup.subject import BackupSubject
from tasks.backup.tree import FILE, TreeEntry, Trouble
from tasks.errors import SlipwayError

NAME = "manifest.json"
FORMAT = 2
_READABLE_FORMATS = (1, FORMAT)
"""Format 1 has neither sparse files nor what is unverified or left out."""
_ENTRY_VALUES = attrgetter(*(field.name for field in fields(TreeEntry)))


class ManifestError(SlipwayError):
    """A snapshot whose manifest is absent or not one of ours."""


@dataclass(frozen=True, slots=True)
class Manifest:
    """A subject, and every path of it as it was; times are epoch seconds.

    ``databases`` are the paths whose content in the snapshot is a dump, kept below ``staging``;
    ``unverified`` are databases that could not be dumped and were copied as plain files;
    ``left_out`` are the paths that the snapshot does not hold.
    """

    subject: BackupSubject
    staging: str
    read_at: float
    consistent_at: float
    databases: tuple[str, ...]
    entries: tuple[TreeEntry, ...]
    unverified: tuple[Trouble, ...] = ()
    left_out: tuple[Trouble, ...] = ()

    @property
    def files(self) -> int:
        """How many files it lists."""
        return sum(entry.kind == FILE for entry in self.entries)

    @property
    def total_bytes(self) -> int:
        """The size of all its files."""
        return sum(entry.size for entry in self.entries)


def encode(manifest: Manifest) -> bytes:
    """Return the JSON of a manifest."""
    subject = asdict(manifest.subject)
    subject["sources"] = {source.name: str(source.path) for source in manifest.subject.sources}
    document = {
        "format": FORMAT,
        "subject": subject,
        "staging": manifest.staging,
        "read_at": manifest.read_at,
        "consistent_at": manifest.consistent_at,
        "databases": manifest.databases,
        "entries": [_ENTRY_VALUES(entry) for entry in manifest.entries],
        "unverified": [(trouble.path, trouble.reason) for trouble in manifest.unverified],
        "left_out": [(trouble.path, trouble.reason) for trouble in manifest.left_out],
    }
    return json.dumps(document, separators=(",", ":")).encode()


def decode(text: bytes) -> Manifest:
    """Read the JSON of a manifest.

    Raises:
        ManifestError: It is none, or of a format that this version does not know.
    """
    try:
        document = json.loads(text)
        if document["format"] not in _READABLE_FORMATS:
            raise ManifestError(
                f"The manifest has format {document['format']!r}; "
                f"this version reads {_READABLE_FORMATS}. "
                "Restore with the version that took the snapshot."
            )
        return _manifest(document)
    except (
        ValueError,
        OverflowError,
        KeyError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise ManifestError(f"The snapshot's manifest cannot be read ({error!r}).") from error


def _time(value: object) -> float:
    """Return epoch seconds; raise ValueError or OverflowError if there is no such time."""
    seconds = float(str(value))
    int(seconds)
    return seconds


def _manifest(document: dict[str, Any]) -> Manifest:
    subject = dict(document["subject"])
    sources = tuple(Source(name, Path(path)) for name, path in subject.pop("sources").items())
    subject["secrets"] = tuple(subject["secrets"])
    return Manifest(
        subject=BackupSubject(sources=sources, **subject),
        staging=str(document["staging"]),
        read_at=_time(document["read_at"]),
        consistent_at=_time(document["consistent_at"]),
        databases=tuple(document["databases"]),
        entries=tuple(TreeEntry(*values) for values in document["entries"]),
        unverified=tuple(Trouble(*pair) for pair in document.get("unverified", ())),
        left_out=tuple(Trouble(*pair) for pair in document.get("left_out", ())),
    )
