"""Plans for goals: the best schedule within a budget and a deadline, or a refusal; pure.

Candidates are time-cost trade-offs (``tradeoff_schedules``); up to some hundred steps, the goal
search improves on them. A deadline is planned with durations at a quantile, which is raised until
enough simulated runs end in time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from blocks.goal import Goal
from tasks.errors import BadInputError
from tasks.planning.core.costs import Costs
from tasks.planning.core.problem import Floats, Problem
from tasks.planning.core.schedule import Schedule
from tasks.planning.goal_search import MAX_STEPS, search_for_goal
from tasks.planning.multimode.fleet import quantile_seconds
from tasks.planning.outlook import makespan_forecast, pinned
from tasks.planning.simulate import NINE_TENTHS, MakespanForecast
from tasks.planning.time_cost_tradeoff import retimed, tightened, tradeoff_schedules

# The number of best candidates that are simulated.
_SIMULATED = 2
# Costs that differ by a smaller fraction are equal.
_COST_TOLERANCE = 1e-9
# For a deadline, steps are planned with their durations at one of these quantiles.
_QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
# The share of the effort for each quantile.
_SHARE = 0.3
# The share of that for another order on the same providers.
_ORDERING = 0.3


@dataclass(frozen=True, slots=True, eq=False)
class GoalCase:
    """A problem with a goal: median durations, their spread (float64[n]) and the effort allowed.

    ``by_rule`` is the order of the shortest plan, int32[n], which the dispatcher may run by its
    own rule where only time counts.
    """

    problem: Problem
    spread: Floats
    goal: Goal
    shortest: Schedule
    by_rule: np.ndarray
    effort_seconds: float
    seed: int = 1


def schedule_for_goal(case: GoalCase) -> Schedule | None:
    """Return the schedule for the goal of ``case``; None if the shortest one serves it best.

    Raises:
        BadInputError: The budget or the deadline cannot be kept; it names one that can.
    """
    goal, costs = case.goal, Costs.of(case.problem)
    refuse_low_budget(goal, costs)
    boundless = goal.budget is None or goal.budget >= costs.most
    if not costs.uneven or (boundless and goal.objective == "makespan"):
        _refuse_late(case, _by_rule(case))
        return None
    if goal.deadline_seconds is None:
        return next(iter(_best(case, costs, goal)))
    return _in_time(case, costs, boundless=boundless)


def refuse_low_budget(goal: Goal, costs: Costs) -> None:
    """Raise BadInputError where no plan is within the budget of ``goal``."""
    if goal.budget is not None and goal.budget < costs.least * (1 - _COST_TOLERANCE):
        raise BadInputError(
            "goal.budget",
            goal.budget,
            f"the cheapest plan costs {costs.least:.4f}",
            f"Give {_rounded_up(costs.least)} or more, lower a provider's price, or leave it out",
        )


def _in_time(case: GoalCase, costs: Costs, *, boundless: bool) -> Schedule | None:
    """Return the best schedule that keeps the deadline with the probability of the goal."""
    goal = case.goal
    fastest_goal = Goal(budget=goal.budget)
    fastest = None if boundless else _best(case, costs, fastest_goal)[0]
    _refuse_late(case, _by_rule(case) if fastest is None else _pinned(case, fastest))
    if goal.objective == "makespan":
        return fastest
    candidates = [*_within_deadline(case, costs), *([fastest] if fastest else [])]
    return min(candidates, key=lambda schedule: _worth(goal, costs, schedule), default=None)


def _within_deadline(case: GoalCase, costs: Costs) -> Iterator[Schedule]:
    """Yield schedules that keep the deadline with the probability of the goal, lowest quantile first.

    A plan for a higher quantile usually costs no less, so the first quantile that holds is enough.
    """
    goal, partial_effort = case.goal, replace(case, effort_seconds=_SHARE * case.effort_seconds)
    for quantile in _QUANTILES:
        schedules = _best(partial_effort, costs, goal, quantile)
        feasible = [schedule for schedule in schedules if _holds(goal, _pinned(case, schedule))]
        yield from feasible
        if feasible and feasible[0] is schedules[0]:
            return


def _refuse_late(case: GoalCase, forecast: MakespanForecast) -> None:
    goal = case.goal
    if goal.deadline_seconds is None or _holds(goal, forecast):
        return
    needed = forecast.quantile(goal.probability)
    money = ", raise the budget" if goal.budget is not None else ""
    raise BadInputError(
        "goal.deadline_seconds",
        goal.deadline_seconds,
        "the best plan found has ended by then in "
        f"{forecast.probability(goal.deadline_seconds):.0%} of {len(forecast.makespans)} simulated "
        f"runs, not in {goal.probability:.0%}; "
        f"that takes {needed:.1f} s",
        f"Allow {_rounded_up(needed)} s or more, lower `probability`{money}, or add providers",
    )


def _rounded_up(value: float) -> str:
    """Write ``value`` rounded up to four digits, so that it is enough."""
    digits = 3 - int(np.floor(np.log10(value))) if value > 0 else 0
    return f"{np.ceil(value * 10.0**digits - 1e-9) / 10.0**digits:.{max(0, digits)}f}"


def _holds(goal: Goal, forecast: MakespanForecast) -> bool:
    deadline = goal.deadline_seconds
    return deadline is None or forecast.probability(deadline) >= goal.probability


def _by_rule(case: GoalCase) -> MakespanForecast:
    return makespan_forecast(case.problem, case.by_rule, case.spread)


def _pinned(case: GoalCase, schedule: Schedule) -> MakespanForecast:
    return makespan_forecast(pinned(case.problem, schedule.provider), schedule.order, case.spread)


def _best(case: GoalCase, costs: Costs, goal: Goal, quantile: float = 0.5) -> list[Schedule]:
    """Return schedules planned with durations at that quantile, the best first.

    Their times are the expected ones. Without a deadline there is at least one.
    """
    ones = np.ones(case.problem.steps)
    factors = quantile_seconds(ones, np.exp(case.spread * NINE_TENTHS), quantile)
    longer_problem = replace(case.problem, seconds=case.problem.seconds * factors[:, None])
    candidates = _candidates(case, longer_problem, costs, goal)
    # Replays of many pinned steps are slow.
    count = _SIMULATED if case.problem.steps <= MAX_STEPS else 1
    best = sorted(candidates, key=lambda schedule: _worth(goal, costs, schedule))[:count]
    if quantile == 0.5:  # noqa: PLR2004 - the median, which is expected
        return best
    return [retimed(case.problem, schedule.provider, schedule.order) for schedule in best]


def _candidates(case: GoalCase, problem: Problem, costs: Costs, goal: Goal) -> list[Schedule]:
    """Return schedules of ``problem`` within the limits of ``goal``."""
    within = partial(_within, goal, costs)
    trade_offs = tradeoff_schedules(problem, costs, within)
    candidates = sorted(
        filter(within, trade_offs), key=lambda schedule: _worth(goal, costs, schedule)
    )
    if not (effort := case.effort_seconds):
        return candidates
    if candidates:
        candidates.insert(
            0, tightened(problem, costs, candidates[0], _ORDERING * effort, case.seed)
        )
    providers = [schedule.provider for schedule in (candidates or trade_offs)[:3]]
    searched = search_for_goal(
        problem,
        costs,
        goal,
        providers,
        effort_seconds=(1 - _ORDERING) * effort,
        seed=case.seed,
    )
    return [searched, *candidates] if searched and within(searched) else candidates


def _worth(goal: Goal, costs: Costs, schedule: Schedule) -> tuple[float, float]:
    return goal.worth(schedule.makespan, costs.total(schedule.provider))


def _within(goal: Goal, costs: Costs, schedule: Schedule) -> bool:
    late = goal.deadline_seconds is not None and schedule.makespan > goal.deadline_seconds
    cost = costs.total(schedule.provider)
    dear = goal.budget is not None and cost > goal.budget * (1 + _COST_TOLERANCE)
    return not (late or dear)
