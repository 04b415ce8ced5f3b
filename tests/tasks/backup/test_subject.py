"""The tags by which snapshots are found."""

from __future__ import annotations

import pytest

from tasks.backup.subject import environment_of, tags


@pytest.mark.parametrize("environment", ["prod", ""])
def test_the_environment_of_a_snapshot_is_read_from_its_tags(environment: str) -> None:
    """The report of a restore would not say which environment came back."""
    assert environment_of(tags("shop", environment)) == environment
