"""What a killed restore has left in its target, told from what others put there."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.backup.remains import CLAIM, WORK, claimed, holds_remains_only
from tasks.errors import BusyError


def _left(target: Path, claim: object) -> Path:
    """Make what a restore leaves that is killed between two of its moves."""
    (target / WORK / "live").mkdir(parents=True)
    (target / "data").mkdir()
    (target / CLAIM).write_text(json.dumps(claim), encoding="utf-8")
    return target


def test_remains_are_known_and_go(tmp_path: Path) -> None:
    """The next restore into the same target is refused, or mixed with the remains of the first."""
    target = _left(tmp_path / "back", ["data", "manifest.json"])
    assert holds_remains_only(target)
    with claimed(target, ["data", "manifest.json"]):
        assert [child.name for child in target.iterdir()] == [CLAIM]
    assert list(target.iterdir()) == []


@pytest.mark.parametrize("claim", [["manifest.json"], [], {"data": 1}, ["../data"], [1]])
def test_what_no_restore_has_claimed_is_somebodys(tmp_path: Path, claim: object) -> None:
    """A file that a user put there is removed."""
    target = _left(tmp_path / "back", claim)
    assert not holds_remains_only(target)
    with pytest.raises(BusyError), claimed(target, ["data"]):
        pass
    assert (target / "data").is_dir()


def test_a_folder_without_a_claim_holds_no_remains(tmp_path: Path) -> None:
    """A folder of a user that has such a name in it is emptied."""
    (tmp_path / WORK).mkdir()
    assert not holds_remains_only(tmp_path)


def test_a_restore_that_lives_is_not_disturbed(tmp_path: Path) -> None:
    """A second restore into the same target removes what the first one has just written."""
    with claimed(tmp_path, ["data"]):
        (tmp_path / "data").mkdir()
        with pytest.raises(BusyError, match="Another restore"), claimed(tmp_path, ["data"]):
            pass
        assert (tmp_path / "data").is_dir()


def test_a_claim_that_was_just_begun_is_remains(tmp_path: Path) -> None:
    """A restore that is killed before it has written its claim blocks its target."""
    (tmp_path / CLAIM).touch()
    assert holds_remains_only(tmp_path)
