"""Tests of the artifacts that show a workload's result."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from flows.workload import report
from flows.workload.report import show_workload
from tasks.distribute.dispatch.results import StepState
from tests.flows.workload.test_summary import PACKED, PASSED, PLAN, summary
from tests.tasks.planning.fakes import BAD

pytestmark = pytest.mark.prefect


@pytest.mark.parametrize(
    ("second", "end"),
    [(PACKED, "succeeded"), (replace(PACKED, state=StepState.FAILED, outcome=BAD), "failed")],
)
async def test_the_report_and_the_chart_are_shown_under_keys_of_the_workload(
    monkeypatch: pytest.MonkeyPatch, second: Any, end: str
) -> None:
    """A workload would overwrite the artifacts of another, or a failed one look well."""
    artifacts: dict[str, dict[str, Any]] = {}

    async def create(markdown: str, *, key: str, description: str) -> None:
        artifacts[key] = {"markdown": markdown, "description": description}

    monkeypatch.setattr(report, "acreate_markdown_artifact", create)
    results = {result.step: result for result in (PASSED, second)}
    await show_workload(PLAN, results, summary(*results.values()))
    workload, chart = artifacts.values()
    names = f"{PLAN.project}-{PLAN.workload}"
    assert [*artifacts] == [f"workload-{names}", f"actual-chart-{names}"]
    assert f" {end}: " in workload["description"]
    assert "pack" in workload["markdown"]
    assert "data:image/png;base64," in chart["markdown"]
