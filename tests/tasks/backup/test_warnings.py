"""What a snapshot is warned of."""

from dataclasses import replace
from pathlib import Path

from blocks.repositories.interface import Snapshot
from tasks.backup.warnings import details_of, warnings_of

WHOLE = Snapshot("1a2b3c4d5e", "/repo", "shop", "dev", (Path("/data"),), 0.0, 3, 12, 5, 1.0)


def test_a_whole_snapshot_is_no_reason_to_warn() -> None:
    """Every backup warns, and nobody reads it any more."""
    assert warnings_of(WHOLE, stateless=False) == []


def test_a_backup_of_nothing_is_told_with_its_remedy() -> None:
    """A backup of nothing reads as done, until somebody needs it."""
    empty = replace(WHOLE, files=0, total_bytes=0)
    (sentence,) = warnings_of(empty, stateless=False)
    assert "NOTHING WAS BACKED UP" in sentence
    assert "/data" in sentence
    assert "data: [db.sqlite3]" in sentence
    assert "stateless: true" in sentence
    assert warnings_of(empty, stateless=True) == []


def test_what_is_not_whole_is_named() -> None:
    """A file that is not in the snapshot, or may be torn, is found out when it is needed."""
    left_out = tuple(f"data/{number}: cannot be read" for number in range(5))
    partial = replace(WHOLE, unverified=("data/shop.db: malformed",), left_out=left_out)
    unverified, missing = warnings_of(partial, stateless=False)
    assert "data/shop.db: malformed" in unverified
    assert "data/2: cannot be read and 2 more" in missing
    assert details_of(partial)[0] == "UNVERIFIED: data/shop.db: malformed"
    assert details_of(partial)[-1] == "LEFT OUT: data/4: cannot be read"
    assert details_of(replace(partial, left_out=left_out[:3])) == []


def test_a_path_of_a_whole_page_stands_in_the_log_alone() -> None:
    """The state of a backup is longer than anybody reads, and says nothing else."""
    trouble = f"data/{'d' * 4000}: File name too long"
    partial = replace(WHOLE, left_out=(trouble,))
    (sentence,) = warnings_of(partial, stateless=False)
    assert len(sentence) < 400
    assert details_of(partial) == [f"LEFT OUT: {trouble}"]
