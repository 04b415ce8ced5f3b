"""Results of flow runs go with the flow runs that they are of."""

from __future__ import annotations

import os
from pathlib import Path

from stack.reconciler.results import ResultFiles


def test_old_results_go_and_young_ones_stay(tmp_path: Path) -> None:
    """Broken: every flow run leaves a file for ever, or nobody can read what a run came to."""
    assert [*ResultFiles(tmp_path / "none", 10.0)(100.0)] == []
    for name, at in (("old", 89.0), ("young", 91.0)):
        (tmp_path / name).write_text("{}")
        os.utime(tmp_path / name, (at, at))
    assert [*ResultFiles(tmp_path, 10.0)(100.0)] == ["1 results of flow runs removed"]
    assert [path.name for path in tmp_path.iterdir()] == ["young"]
