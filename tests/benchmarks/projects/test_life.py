"""What is counted as added by hand, and that nothing counts as well without its effect."""

from __future__ import annotations

from benchmarks.projects.life import Outcome, lived
from benchmarks.projects.subject import leaves, merged
from tasks.errors import SlipwayError


def test_keys_within_keys_are_merged_and_counted() -> None:
    """A key added by hand would take away those beside it, or be counted twice."""
    keys = {"services": {"web": {"command": "serve"}}, "requirements": ["gunicorn"]}
    together = merged(keys, {"services": {"web": {"health_path": "/up"}}})
    assert together["services"] == {"web": {"command": "serve", "health_path": "/up"}}
    assert leaves(together) == 3


def test_a_stage_that_cannot_go_on_is_told_and_the_next_is_tried() -> None:
    """One failure would hide what becomes of the rest of a project's life."""

    def refused() -> Outcome:
        raise SlipwayError("there is\nno such thing")

    outcomes = lived({"launch": refused, "stop": lambda: Outcome("")})
    assert outcomes["launch"].missing == "there is no such thing"
    assert not outcomes["launch"].well
    assert outcomes["stop"].well
