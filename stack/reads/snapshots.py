"""The backups that were recorded: `/snapshots`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from blocks.parameter import NameOrAll
from blocks.redaction import without_evident_secrets
from blocks.repositories.interface import Snapshot
from stack.overview import Answer
from stack.reads.endpoint import Endpoint, OfProject, Page, Source
from tasks.ledger.snapshots import list_snapshots


class Asked(OfProject):
    """The parameters."""

    environment: Annotated[NameOrAll, Field(description="Only of this environment")] = ""


class SnapshotRow(Answer):
    """One backup."""

    id: str = Field(description="Its id, which `restore` takes")
    project: str = Field(description="Its project")
    environment: str = Field(description="The environment whose data it holds")
    repository: str = Field(description="Where it is")
    consistent_at: float = Field(description="The moment of its data, in seconds since 1970")
    files: int = Field(description="How many files it holds")
    total_bytes: int = Field(description="How large they are")
    added_bytes: int = Field(description="How much the repository grew by it")
    seconds: float = Field(description="How long it took")


class Snapshots(Page):
    """Recorded backups, newest first. Old ones may have been removed from the repository since."""

    snapshots: tuple[SnapshotRow, ...] = Field(description="One row a backup")


def _read(source: Source, asked: Asked) -> Snapshots:
    rows, total = list_snapshots(
        source.ledger, asked.project, asked.environment, asked.limit, asked.offset
    )
    if not total:
        source.configured.refuse_unknown(asked.project, asked.environment)
    return Snapshots(total=total, snapshots=tuple(_row(each) for each in rows))


def _row(snapshot: Snapshot) -> SnapshotRow:
    fields = {name: getattr(snapshot, name) for name in SnapshotRow.model_fields}
    fields["repository"] = without_evident_secrets(snapshot.repository)
    return SnapshotRow(**fields)


SNAPSHOTS = Endpoint(
    "snapshots",
    "/snapshots",
    "The backups that were recorded, newest first.",
    Asked,
    Snapshots(
        total=1,
        snapshots=(
            SnapshotRow(
                id="4f1c2d3e",
                project="bookshop",
                environment="dev",
                repository="/srv/backups",
                consistent_at=1_790_000_000.0,
                files=120,
                total_bytes=48_000_000,
                added_bytes=1_200_000,
                seconds=2.5,
            ),
        ),
    ),
    _read,
)
