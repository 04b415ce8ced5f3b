"""What server and ledger know, as tables."""

from __future__ import annotations

import pytest

from analytics.reports.data.model import Span
from analytics.reports.data.period import DAY_SECONDS
from analytics.reports.data.tables import report_tables
from blocks.providers.interface import End
from tasks.ledger.activity import Activity
from tasks.ledger.workloads import WorkloadRow
from tests.analytics.reports.recorded import (
    NEEDS,
    NOW,
    Shop,
    activity_of,
    execution,
    flow_rows,
    shop_history,
)


def one_run(state: str = "succeeded", closed_at: float | None = 300.0) -> Activity:
    """Return a run whose test waited 10 s for capacity, and whose build needed two attempts."""
    row = WorkloadRow("r", "shop/release/dev/1/2", "me", 1, state, 0.0, 0.0, closed_at)
    return Activity(
        workloads=(row,),
        executions=(
            execution("r", "lint", 100, 12),
            execution("r", "build", 100, 20, End.FAILED),
            execution("r", "build", 125, 40, attempt=2),
            execution("r", "test", 175, 90),
        ),
    )


def test_a_run_is_summed_up_from_its_attempts() -> None:
    """Time saved and money would be wrong wherever a step was tried again."""
    run = report_tables([], one_run()).runs.iloc[0]
    assert (run["project"], run["workload"], run["environment"]) == ("shop", "release", "dev")
    assert run["took"] == 165
    assert run["work"] == 12 + 20 + 40 + 90
    assert run["cost"] == pytest.approx(150 / 3600 * 1.8)


def test_a_step_waits_from_when_it_could_have_begun() -> None:
    """Waiting for another step would count as waiting for capacity."""
    steps = report_tables([], one_run(), {"r": NEEDS}).steps.set_index(["step", "attempt"])[
        "waited"
    ]
    assert steps["lint", 1] == 0
    assert steps["test", 1] == 10
    assert steps.isna()["build", 2]


def test_without_its_needs_nothing_is_said_of_waiting() -> None:
    """A step that was never ready earlier would seem to have queued."""
    assert report_tables([], one_run()).steps["waited"].isna().all()


@pytest.mark.parametrize(("closed_at", "state"), [(300.0, "lost"), (None, "running")])
def test_an_attempt_without_an_outcome_is_lost_or_runs(closed_at: float | None, state: str) -> None:
    """It would count as a failure of the step, or as nothing at all."""
    recorded = one_run(closed_at=closed_at)
    ended_execution = execution("r", "pack", 200, 1)
    open_execution = type(ended_execution)(
        *(getattr(ended_execution, name) for name in ended_execution.__slots__[:-2])
    )
    both = Activity(recorded.workloads, (*recorded.executions, open_execution))
    steps = report_tables([], both).steps.set_index("step")
    assert steps.loc["pack", "state"] == state


def test_a_run_belongs_to_the_period_in_which_it_ended() -> None:
    """A run across midnight would be counted twice, or never."""
    recorded = shop_history()
    spans = [Span(NOW - (day + 1) * DAY_SECONDS, NOW - day * DAY_SECONDS) for day in range(15)]
    assert sum(len(recorded.of(span).flows) for span in spans) == len(recorded.flows)
    assert sum(len(recorded.of(span).steps) for span in spans) == len(recorded.steps)


def test_one_project_is_all_that_is_left() -> None:
    """The report of one project would hold the names and money of others."""
    shop = shop_history().of(Span(0, NOW), "shop")
    assert set(shop.flows["flow"]) == {"ship"}
    other = shop_history().of(Span(0, NOW), "other")
    assert other.is_empty
    assert not other.insights


def test_what_an_empty_ledger_gives_has_all_columns() -> None:
    """The first report of an installation would fail."""
    empty = report_tables([], Activity())
    assert empty.is_empty
    assert list(empty.steps.columns) == list(shop_history().steps.columns)
    assert empty.projects == []


def test_names_of_projects_come_from_everywhere() -> None:
    """A project that was only deployed would be called unknown."""
    recorded = activity_of(Shop(days=1))
    alone = Activity(rollouts=recorded.rollouts)
    assert report_tables([], alone).projects == ["shop"]
    assert report_tables(flow_rows(Shop(days=1)), Activity()).projects == ["shop"]
