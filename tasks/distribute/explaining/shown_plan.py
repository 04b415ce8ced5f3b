"""What a plan is shown by, and what a dry run says of it: tables, texts and charts; pure."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from tasks.distribute.explaining.binding import binding
from tasks.distribute.explaining.explanation import explanation_of
from tasks.distribute.explaining.explanation_report import strategy_rows, what_if
from tasks.distribute.explaining.gantt import bars_of_plan, gantt
from tasks.distribute.explaining.pareto_chart import draw_pareto_front
from tasks.distribute.explaining.report import Row, plan_rows
from tasks.distribute.explaining.slack import slack_seconds
from tasks.estimates import Estimates
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.core.usage import curves
from tasks.planning.pareto import pareto_front, pareto_rows
from tasks.planning.planner import plan as plan_of
from tasks.reuse.taken import NOTHING_REUSED, Reuse
from tasks.workload import StepGraph

# For improving each of the many plans that an explanation compares.
_REPLAN_SECONDS = 0.05
# For all points of the Pareto front of cost and makespan.
_FRONT_SECONDS = 1.0
# With more steps the computation takes long, and nobody reads so many rows.
_MAX_WITH_SLACK = 20_000


@dataclass(frozen=True, slots=True)
class Explained:
    """The plans of all strategies as rows, and what would change the plan as Markdown.

    ``front`` are the rows of the Pareto front of cost and makespan, and ``front_chart`` is its
    picture, as PNG; empty if no plan is cheaper than another.
    """

    strategies: list[Row]
    what_if: str
    front: list[Row]
    front_chart: bytes


def rows_and_chart(
    graph: StepGraph, fleet: FleetSnapshot, plan: Plan, reuse: Reuse = NOTHING_REUSED
) -> tuple[list[Row], bytes]:
    """Return ``plan`` as the rows of a table, and as a chart in PNG."""
    few = len(plan.order) <= _MAX_WITH_SLACK
    chart = gantt(
        [(f"Plan of {graph.workload}", bars_of_plan(plan))],
        [link.step for link in binding(graph, plan, fleet).chain],
        list(curves(graph, plan, fleet).values()),
    )
    slack = slack_seconds(graph, plan, fleet) if few else None
    return plan_rows(plan, slack, reuse), chart


def explained(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    plan: Plan,
    former: tuple[str, Plan] | None = None,
) -> Explained:
    """Return the explanation of ``plan``; ``former`` is an earlier plan and its id."""
    quickly = partial(plan_of, budget_seconds=_REPLAN_SECONDS, brief=True)
    explanation = explanation_of(graph, estimates, fleet, plan, quickly)
    points = pareto_front(graph, estimates, fleet, plan, _FRONT_SECONDS)
    return Explained(
        strategy_rows(explanation),
        what_if(explanation, former),
        pareto_rows(points) if points else [],
        draw_pareto_front(front_title(graph), points) if points else b"",
    )


def front_title(graph: StepGraph) -> str:
    """Return the title of the Pareto front."""
    return f"Cost and makespan of {graph.workload}: no plan found is both shorter and cheaper"
