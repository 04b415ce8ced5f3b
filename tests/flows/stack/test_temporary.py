"""Temporary files lie in the home, at a path that leaves room for sockets."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flows.stack import temporary
from flows.stack.temporary import make_temporary_folder, remove_link, temporary_folder
from tasks.errors import BadInputError


def test_the_temporary_folder_is_in_the_home_and_of_its_owner(tmp_path: Path) -> None:
    """Broken: the second user of a machine gets a worker that cannot start."""
    root = tmp_path / "home" / ("deep" * 10)
    make_temporary_folder(root)
    made = temporary_folder(root)
    assert made.resolve() == (root / "tmp").resolve()
    assert (root / "tmp").stat().st_mode & 0o077 == 0
    assert len(str(made)) <= temporary.LONGEST
    remove_link(root)
    assert not os.path.lexists(made)
    assert (root / "tmp").is_dir()


def test_a_short_home_needs_no_link() -> None:
    """Broken: links would pile up outside of homes."""
    assert temporary_folder(Path("/srv/slipway")) == Path("/srv/slipway/tmp")


def test_what_lies_in_the_place_of_the_link_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: another user could have our temporary files land in a folder of theirs."""
    monkeypatch.setattr(temporary, "SHORT", tmp_path)
    root = tmp_path / "home" / ("deep" * 10)
    temporary_folder(root).mkdir()
    with pytest.raises(BadInputError, match="is not our link"):
        make_temporary_folder(root)
