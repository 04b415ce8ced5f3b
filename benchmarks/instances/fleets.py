"""The measurements of a workflow on fleets of providers with one slot each."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from heapq import heapify, heapreplace

import numpy as np

from benchmarks.instances.interface import PLANNED, Case, Options, Outcome
from tasks.planning.bound import bound_of
from tasks.planning.construct import ScheduleGenerator, by_rank
from tasks.planning.core.problem import Floats, Problem, problem_from
from tasks.planning.core.schedule import Schedule, faults
from tasks.planning.dispatch_policy import choose_policy
from tasks.planning.greedy import greedy
from tasks.planning.planner import best_schedule
from tasks.planning.simulate import DispatchReplay

HET8 = (0.5, 0.5, 1.0, 1.0, 1.0, 1.0, 2.0, 4.0)
_SAMPLES = 10


@dataclass(frozen=True, slots=True)
class Workflow:
    """Steps in topological order: the numbers of those each needs, and seconds at speed 1."""

    name: str
    needs: Sequence[Sequence[int]]
    seconds: Sequence[float]


def speeds_of(fleet: str) -> tuple[float, ...]:
    """Return the speeds of the providers that an option names, e.g. ``8`` or ``het8``."""
    return HET8 if fleet == "het8" else (1.0,) * int(fleet)


def on_fleet(workflow: Workflow, fleet: str) -> Problem:
    """Return the problem of planning ``workflow`` on ``fleet``, every step holding one slot."""
    speeds = np.array(speeds_of(fleet))
    seconds = np.array(workflow.seconds, np.float64)[:, None] / speeds
    steps = len(workflow.seconds)
    return problem_from(workflow.needs, seconds, np.ones((steps, 1)), np.ones((len(speeds), 1)))


def case_of(
    workflow: Workflow, fleet: str, options: Options, reference: float | None = None
) -> Case:
    """Return the case of ``workflow`` on ``fleet``; without a reference, against its bound."""
    problem = on_fleet(workflow, fleet)
    if options.noise:
        return _noisy(workflow, fleet, options, problem)
    against = bound_of(problem).seconds if reference is None else reference

    def planned() -> Schedule:
        return best_schedule(problem, bound_of(problem).seconds, options.time_limit, options.seed)

    methods: dict[str, Callable[[], Schedule]] = {
        PLANNED: planned,
        "thread pool": partial(thread_pool, problem),
        "greedy": partial(greedy, problem),
        "downstream": lambda: greedy(problem, downstream(problem)),
        "heft": lambda: ScheduleGenerator.of(problem).place(by_rank(problem)),
    }
    return Case(
        workflow.name,
        f"{fleet} providers",
        against,
        {name: partial(_outcome, problem, method) for name, method in methods.items()},
    )


def _outcome(problem: Problem, method: Callable[[], Schedule]) -> Outcome:
    started = time.perf_counter()
    schedule = method()
    milliseconds = 1000 * (time.perf_counter() - started)
    if wrong := faults(problem, schedule):
        raise AssertionError(wrong[0])
    bound, makespan = bound_of(problem), schedule.makespan
    simple = max(bound.critical_path, *bound.work)
    figures = {
        "ms": milliseconds,
        "simple_gap_percent": 100 * (makespan / simple - 1),
        "utilisation_percent": 100 * bound.work[0] / makespan,
        "permitted_utilisation_percent": 100 * bound.work[0] / bound.seconds,
    }
    return Outcome(makespan, figures=figures)


def downstream(problem: Problem) -> Floats:
    """Return the number of steps that depend on each, directly or not, itself included; [n]."""
    reached = [1 << step for step in range(problem.steps)]
    for step in range(problem.steps - 1, -1, -1):
        for need in problem.needs[problem.needs_start[step] : problem.needs_start[step + 1]]:
            reached[need] |= reached[step]
    return np.array([bits.bit_count() for bits in reached], np.float64)


def thread_pool(problem: Problem) -> Schedule:
    """Return what Prefect's thread pool does: tasks are taken in file order, and then block.

    A task that waits for what it needs occupies its thread meanwhile.
    """
    provider, start, end = (np.zeros(problem.steps, kind) for kind in (np.int32, float, float))
    threads = [(0.0, number) for number in range(problem.providers)]
    heapify(threads)
    for step in range(problem.steps):
        taken, where = threads[0]
        needs = problem.needs[problem.needs_start[step] : problem.needs_start[step + 1]]
        provider[step], start[step] = where, max(taken, end[needs].max(initial=0.0))
        end[step] = start[step] + problem.seconds[step, where]
        heapreplace(threads, (float(end[step]), where))
    return Schedule(provider, start, end)


def _noisy(workflow: Workflow, fleet: str, options: Options, expected: Problem) -> Case:
    """Return a case whose durations are drawn; planning knows what is expected alone."""
    generator = np.random.default_rng(options.seed)
    factors = generator.uniform(1 - options.noise, 1 + options.noise, (_SAMPLES, expected.steps))
    drawn = [_scaled(expected, factor) for factor in factors]
    bounds = [bound_of(problem).seconds for problem in drawn]

    def outcome(run: Callable[[int], Schedule]) -> Outcome:
        ratios = []
        for number, problem in enumerate(drawn):
            schedule = run(number)
            if wrong := faults(problem, schedule):
                raise AssertionError(wrong[0])
            ratios.append(schedule.makespan / bounds[number])
        return Outcome(float(np.mean(ratios)), 1.0)

    def planned() -> Outcome:
        # The planner knows how much durations vary: the quantiles of its estimates say so.
        spread = np.full(expected.steps, options.noise / np.sqrt(3))
        bound = bound_of(expected).seconds
        schedule = best_schedule(expected, bound, options.time_limit, options.seed)
        replay, policy = DispatchReplay.of(expected), choose_policy(expected, schedule, spread)
        return outcome(lambda number: replay.run(policy.order, factors[number], policy.preferred))

    def rigid() -> Outcome:
        bound = bound_of(expected).seconds
        schedule = best_schedule(expected, bound, options.time_limit, options.seed)
        return outcome(lambda number: replayed(drawn[number], schedule))

    return Case(
        workflow.name,
        f"{fleet} providers",
        1.0,
        {
            PLANNED: planned,
            "rigid plan": rigid,
            "thread pool": lambda: outcome(lambda number: thread_pool(drawn[number])),
            "greedy": lambda: outcome(lambda number: greedy(drawn[number])),
            "downstream": lambda: outcome(
                lambda number: greedy(drawn[number], downstream(expected))
            ),
            "heft": lambda: outcome(
                lambda number: replayed(
                    drawn[number], ScheduleGenerator.of(expected).place(by_rank(expected))
                )
            ),
        },
    )


def _scaled(problem: Problem, factor: Floats) -> Problem:
    return Problem(
        problem.needs_start,
        problem.needs,
        problem.followers_start,
        problem.followers,
        problem.seconds * factor[:, None],
        problem.demand,
        problem.capacity,
        problem.price,
    )


def replayed(problem: Problem, schedule: Schedule) -> Schedule:
    """Return what becomes of a plan whose places and order are kept, whatever steps take."""
    start, end, free = schedule.start.copy(), schedule.end.copy(), np.zeros(problem.providers)
    for step in schedule.order.tolist():
        where = schedule.provider[step]
        needs = problem.needs[problem.needs_start[step] : problem.needs_start[step + 1]]
        start[step] = max(free[where], end[needs].max(initial=0.0))
        end[step] = free[where] = start[step] + problem.seconds[step, where]
    return Schedule(schedule.provider, start, end)
