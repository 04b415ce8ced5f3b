"""Plans for money and deadlines: which schedule serves a goal best, and which none can keep. Pure.

Candidates are quick trades of time for money (``tradeoff_schedules``); up to some hundred steps, a population
of modes improves on them (``modes``). A deadline is planned with durations at a quantile, which
is raised until enough simulated runs are over in time.
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
from tasks.planning.goal_search import MOST_STEPS, search_for_goal
from tasks.planning.multimode.fleet import quantile_seconds
from tasks.planning.outlook import makespan_forecast, pinned
from tasks.planning.simulate import NINE_TENTHS, MakespanForecast
from tasks.planning.time_cost_tradeoff import tightened, timed_again, tradeoff_schedules

# So many of the best are simulated.
_KEPT = 2
# Money that differs by less is the same.
_CENT = 1e-9
# For a deadline, steps are planned to last as long as they do in that part of their runs.
_QUANTILES = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
# Of the effort: for each of them, and for another order on the same providers.
_SHARE, _ORDERING = 0.3, 0.3


@dataclass(frozen=True, slots=True, eq=False)
class GoalCase:
    """What is planned for a goal: medians, their spread (float64[n]) and the work it may take.

    ``by_rule`` is the order of the shortest plan, int32[n], which the dispatcher may run by its
    own rule where nothing but time counts.
    """

    problem: Problem
    spread: Floats
    goal: Goal
    shortest: Schedule
    by_rule: np.ndarray
    effort_seconds: float
    seed: int = 1


def schedule_for_goal(case: GoalCase) -> Schedule | None:
    """Return the schedule for the goal of ``case``; None where the shortest one, by rule, is it.

    Raises:
        BadInputError: The budget or the deadline cannot be kept; it says what can.
    """
    goal, costs = case.goal, Costs.of(case.problem)
    refuse_poor(goal, costs)
    boundless = goal.budget is None or goal.budget >= costs.most
    if not costs.uneven or (boundless and goal.objective == "makespan"):
        _refuse_late(case, _by_rule(case))
        return None
    if goal.deadline_seconds is None:
        return next(iter(_best(case, costs, goal)))
    return _in_time(case, costs, boundless=boundless)


def refuse_poor(goal: Goal, costs: Costs) -> None:
    """Raise BadInputError where nothing is as cheap as the budget of ``goal``."""
    if goal.budget is not None and goal.budget < costs.least * (1 - _CENT):
        raise BadInputError(
            "goal.budget",
            goal.budget,
            f"the cheapest plan costs {costs.least:.4f}",
            f"Give {_up(costs.least)} or more, lower a provider's price, or leave it out",
        )


def _in_time(case: GoalCase, costs: Costs, *, boundless: bool) -> Schedule | None:
    """Return what serves the goal best of what is over by the deadline as probably as asked."""
    goal = case.goal
    fastest_goal = Goal(budget=goal.budget)
    fastest = None if boundless else _best(case, costs, fastest_goal)[0]
    _refuse_late(case, _by_rule(case) if fastest is None else _pinned(case, fastest))
    if goal.objective == "makespan":
        return fastest
    kept = [*_kept(case, costs), *([fastest] if fastest else [])]
    return min(kept, key=lambda each: _worth(goal, costs, each), default=None)


def _kept(case: GoalCase, costs: Costs) -> Iterator[Schedule]:
    """Give schedules that keep the deadline as probably as asked, at the least quantile that does.

    A plan for a larger one costs no less, as a rule, so the first that holds is enough.
    """
    goal, part = case.goal, replace(case, effort_seconds=_SHARE * case.effort_seconds)
    for quantile in _QUANTILES:
        made = _best(part, costs, goal, quantile)
        holding = [each for each in made if _holds(goal, _pinned(case, each))]
        yield from holding
        if holding and holding[0] is made[0]:
            return


def _refuse_late(case: GoalCase, found: MakespanForecast) -> None:
    goal = case.goal
    if goal.deadline_seconds is None or _holds(goal, found):
        return
    needed = found.quantile(goal.probability)
    money = ", raise the budget" if goal.budget is not None else ""
    raise BadInputError(
        "goal.deadline_seconds",
        goal.deadline_seconds,
        f"the best plan found is over by then in {found.probability(goal.deadline_seconds):.0%} of "
        f"{len(found.makespans)} simulated runs, not in {goal.probability:.0%}; "
        f"that takes {needed:.1f} s",
        f"Allow {_up(needed)} s or more, lower `probability`{money}, or add providers",
    )


def _up(value: float) -> str:
    """Write ``value`` rounded up to four digits, so that it is enough."""
    digits = 3 - int(np.floor(np.log10(value))) if value > 0 else 0
    return f"{np.ceil(value * 10.0**digits - 1e-9) / 10.0**digits:.{max(0, digits)}f}"


def _holds(goal: Goal, found: MakespanForecast) -> bool:
    deadline = goal.deadline_seconds
    return deadline is None or found.probability(deadline) >= goal.probability


def _by_rule(case: GoalCase) -> MakespanForecast:
    return makespan_forecast(case.problem, case.by_rule, case.spread)


def _pinned(case: GoalCase, schedule: Schedule) -> MakespanForecast:
    return makespan_forecast(pinned(case.problem, schedule.provider), schedule.order, case.spread)


def _best(case: GoalCase, costs: Costs, goal: Goal, quantile: float = 0.5) -> list[Schedule]:
    """Return schedules where steps last as long as in that part of their runs, the best first.

    Their times are those that are expected. Without a deadline there is at least one.
    """
    ones = np.ones(case.problem.steps)
    longer = quantile_seconds(ones, np.exp(case.spread * NINE_TENTHS), quantile)
    longest = replace(case.problem, seconds=case.problem.seconds * longer[:, None])
    found = _candidates(case, longest, costs, goal)
    kept = _KEPT if case.problem.steps <= MOST_STEPS else 1  # replays of many pinned steps are slow
    best = sorted(found, key=lambda each: _worth(goal, costs, each))[:kept]
    if quantile == 0.5:  # noqa: PLR2004 - the median, which is expected
        return best
    return [timed_again(case.problem, each.provider, each.order) for each in best]


def _candidates(case: GoalCase, problem: Problem, costs: Costs, goal: Goal) -> list[Schedule]:
    """Return schedules of ``problem`` within the limits of ``goal``."""
    within = partial(_within, goal, costs)
    quick = tradeoff_schedules(problem, costs, within)
    found = sorted(filter(within, quick), key=lambda each: _worth(goal, costs, each))
    if not (effort := case.effort_seconds):
        return found
    if found:
        found.insert(0, tightened(problem, costs, found[0], _ORDERING * effort, case.seed))
    known = [each.provider for each in (found or quick)[:3]]
    better = search_for_goal(problem, costs, goal, known, (1 - _ORDERING) * effort, case.seed)
    return [better, *found] if better and within(better) else found


def _worth(goal: Goal, costs: Costs, schedule: Schedule) -> tuple[float, float]:
    return goal.worth(schedule.makespan, costs.total(schedule.provider))


def _within(goal: Goal, costs: Costs, schedule: Schedule) -> bool:
    late = goal.deadline_seconds is not None and schedule.makespan > goal.deadline_seconds
    dear = goal.budget is not None and costs.total(schedule.provider) > goal.budget * (1 + _CENT)
    return not (late or dear)
