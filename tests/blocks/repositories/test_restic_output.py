"""Tests of the parser of restic's output, as versions 0.14 to 0.18 print it."""

import json

import pytest

from blocks.repositories import errors
from blocks.repositories import restic_output as output
from blocks.repositories.interface import Progress, Stored


def test_status_lines_become_progress() -> None:
    """The progress bar stands still, or a first line without totals stops the backup."""
    line = (
        '{"message_type":"status","seconds_remaining":3,"percent_done":0.25,"total_bytes":8,'
        '"bytes_done":2,"files_done":1}'
    )
    assert output.progress_of(output.parse_line(line)) == Progress(0.25, 2, 8, 1, 3.0)
    bare = output.parse_line('{"message_type":"status","percent_done":0}')
    assert output.progress_of(bare) == Progress(0.0)


@pytest.mark.parametrize("line", ["", "open repository", "{broken", "[1]", '"x"'])
def test_other_lines_are_nothing(line: str) -> None:
    """A line that restic prints for people stops the backup."""
    assert output.parse_line(line) == {}


def test_the_summary_tells_what_was_stored() -> None:
    """Figures of a snapshot are wrong; newer restic tells the packed size too."""
    summary = {
        "message_type": "summary", "snapshot_id": "43dd", "total_files_processed": 2,
        "total_bytes_processed": 8, "data_added": 2756, "total_duration": 0.5,
    }  # fmt: skip
    assert output.stored_of(summary) == Stored("43dd", 2, 8, 2756, 0.5)
    assert output.stored_of(summary | {"data_added_packed": 90}) == Stored("43dd", 2, 8, 90, 0.5)
    assert output.stored_of({"message_type": "summary"}) is None


def test_unread_paths_are_named_once() -> None:
    """A file that could not be read goes unnamed, or is named twice (scan and archival)."""
    lines = [
        '{"message_type":"error","error":{"Err":13},"during":"archival","item":"/d/a"}',
        '{"message_type":"error","error":{},"during":"scan","item":"/d/a"}',
        "/d/none does not exist, skipping",
        "Warning: at least one source file could not be read",
    ]
    assert output.unread_paths("\n".join(lines)) == ["/d/a", "/d/none"]


def test_snapshots_are_read_oldest_first() -> None:
    """`latest` is not the latest, or a time with nanoseconds cannot be read."""
    rows = [
        {"id": "b", "time": "2026-01-02T00:00:00.123456789+01:00", "paths": ["/d"], "tags": None},
        {"id": "a", "time": "2026-01-01T00:00:00Z", "paths": ["/d"], "tags": ["slipway"]},
    ]
    snapshots = output.parse_snapshots(json.dumps(rows))
    assert [(item.id, item.tags) for item in snapshots] == [("a", ("slipway",)), ("b", ())]
    assert output.parse_snapshots("null") == []


def test_entries_leave_out_the_snapshot_line() -> None:
    """The listing's head is taken for a file."""
    lines = ['{"struct_type":"snapshot"}', '{"path":"/d/a","type":"file","size":3}']
    assert [(e.path, e.kind, e.size) for e in output.parse_entries(lines)] == [("/d/a", "file", 3)]


@pytest.mark.parametrize(
    ("code", "complaint", "kind"),
    [
        (1, "Fatal: wrong password or no key found", errors.WrongPasswordError),
        (12, "Fatal: something", errors.WrongPasswordError),
        (10, "Fatal: something", errors.RepositoryMissingError),
        (
            1,
            "Fatal: unable to open config file: stat /r/config: no such file or directory",
            errors.RepositoryMissingError,
        ),
        (
            1,
            "Fatal: unable to open config file: stat /r/config: permission denied",
            errors.RepositoryForbiddenError,
        ),
        (
            1,
            'Fatal: unable to open config file: Head "http://h:1/config": connection refused',
            errors.RepositoryUnreachableError,
        ),
        (
            1,
            "subprocess ssh: ssh: Could not resolve hostname h: Name not known",
            errors.RepositoryUnreachableError,
        ),
        (
            11,
            "unable to create lock: repository is already locked by PID 9",
            errors.RepositoryLockedError,
        ),
        (1, "Fatal: repository contains errors", errors.RepositoryDamagedError),
        (1, "Fatal: There were 3 errors", errors.RepositoryDamagedError),
        (1, 'invalid id "x": no matching ID found', errors.SnapshotMissingError),
        (-9, "Fatal: who knows", errors.RepositoryKilledError),
        (1, "Fatal: who knows", errors.RepositoryError),
    ],
)
def test_complaints_become_errors(
    code: int, complaint: str, kind: type[errors.RepositoryError]
) -> None:
    """A user is told the wrong remedy; an unreachable place would even be initialised anew."""
    error = output.error_of("/r", code, complaint)
    assert type(error) is kind
    assert error.remedy in str(error)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("restic 0.14.0 compiled with go1.19.8 on linux/amd64", (0, 14)),
        ("restic 0.18.0-dev (compiled manually) compiled with go1.24 on darwin/arm64", (0, 18)),
        ("something else", ()),
    ],
)
def test_version_of(text: str, version: tuple[int, ...]) -> None:
    """An option that this restic does not know makes every restore fail."""
    assert output.version_of(text) == version
