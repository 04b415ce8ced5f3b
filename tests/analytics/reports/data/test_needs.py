"""What each step of a run waited for, as its kept split says."""

from __future__ import annotations

import json
from pathlib import Path

from analytics.reports.data.needs import kept_needs, needs_of
from tasks.ledger.activity import Activity
from tests.analytics.reports.recorded import execution

GRAPH: list[dict[str, object]] = [
    {"id": "build"},
    {"id": "wheel[3.11]", "needs": ["build"], "group": "wheel"},
    {"id": "wheel[3.12]", "needs": ["build"], "group": "wheel"},
    {"id": "list", "needs": ["wheel"]},
    {"id": "check", "needs": ["list"], "foreach": "steps.list.output"},
    {"id": "publish", "needs": ["check"]},
]


def test_groups_and_items_stand_for_their_steps() -> None:
    """A step after a matrix or a list would seem to have waited for nothing."""
    ran = ["build", "wheel[3.11]", "wheel[3.12]", "list", "check[a]", "check[b]", "publish"]
    assert needs_of(GRAPH, ran) == {
        "build": (),
        "wheel[3.11]": ("build",),
        "wheel[3.12]": ("build",),
        "list": ("wheel[3.11]", "wheel[3.12]"),
        "check[a]": ("list",),
        "check[b]": ("list",),
        "publish": ("check[a]", "check[b]"),
    }


def test_what_was_skipped_is_not_waited_for() -> None:
    """A run would have a critical path through a step that never ran."""
    assert needs_of([{"id": "a"}, {"id": "b", "needs": ["a"]}], ["b"]) == {"b": ()}


def test_a_run_without_a_split_says_nothing(tmp_path: Path) -> None:
    """One removed file would break all reports, or a run count as never waiting."""
    recorded = Activity(executions=tuple(execution(run, "lint", 0, 1) for run in ("a", "b", "c")))
    for run, text in (("a", json.dumps({"steps": [{"id": "lint"}]})), ("b", "{broken")):
        (tmp_path / run).mkdir()
        (tmp_path / run / "graph.json").write_text(text)
    assert kept_needs(tmp_path, recorded) == {"a": {"lint": ()}}
