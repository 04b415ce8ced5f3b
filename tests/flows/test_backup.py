"""Tests of the remarks of a backup on a project that was forgotten meanwhile."""

from __future__ import annotations

import shutil
from pathlib import Path

from blocks.repositories.interface import Snapshot
from flows.backup import forgotten_meanwhile


def test_a_project_that_was_forgotten_meanwhile_is_told(tmp_path: Path) -> None:
    """Broken: half of the data is deleted while it is read, and the run says that all is well."""
    data = tmp_path / "data"
    data.mkdir()
    snapshot = Snapshot("ab12", "local", "shop", "dev", (data,), 0.0, 1, 1, 1, 0.0)
    assert forgotten_meanwhile(snapshot, {"shop", "other"}) == []
    (sentence,) = forgotten_meanwhile(snapshot, {"other"})
    assert "shop in dev was forgotten" in sentence
    shutil.rmtree(data)
    assert forgotten_meanwhile(snapshot, {"shop"}) == [sentence]
