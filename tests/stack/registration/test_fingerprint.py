"""Tests of the fingerprint: registration is skipped only if nothing has changed."""

from __future__ import annotations

from pathlib import Path

from stack.registration.fingerprint import fingerprint, sources

ROOT = Path(__file__).parents[3]


def test_any_change_shows(tmp_path: Path) -> None:
    """A new parameter would not appear in the UI until somebody deletes the home."""
    file = tmp_path / "flow.py"
    file.write_text("one")
    before = fingerprint([file], ["pool"])
    assert fingerprint([file], ["pool"]) == before
    assert fingerprint([file], ["other"]) != before
    file.write_text("two")
    assert fingerprint([file], ["pool"]) != before


def test_texts_do_not_run_into_each_other() -> None:
    """Two different settings could look like the same."""
    assert fingerprint([], ["ab", "c"]) != fingerprint([], ["a", "bc"])


def test_flows_blocks_and_declarations_are_looked_at() -> None:
    """A change in one of them would go unregistered."""
    names = {str(path.relative_to(ROOT)) for path in sources(ROOT)}
    assert {"prefect.yaml", "stack/registration/register.py", "blocks/project.py"} <= names
