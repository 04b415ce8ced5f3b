"""Plans and results as rows of tables and as a few lines of Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from tasks.distribute.dispatch.results import StepResult, StepState
from tasks.plan import Eta, Placement, Plan
from tasks.quantities import duration

Row = dict[str, str]
_ON_PATH, _NOTABLE = 12, 0.001


def plan_rows(plan: Plan, slack: Mapping[str, float] | None = None) -> list[Row]:
    """Return one row a step, in the order of the plan.

    ``slack`` says how many seconds later each may end, where that is known.
    """
    critical = set(plan.critical_path)
    return [
        {
            "step": item.step,
            "provider": item.provider,
            "start": duration(item.start_seconds),
            "end": duration(item.end_seconds),
            "takes": duration(item.end_seconds - item.start_seconds),
            "cost": f"{item.cost:.4f}" if item.cost else "",
            "critical": "yes" if item.step in critical else "",
            "slack": _slack(item.step, slack),
            "why": _why(item),
        }
        for item in plan.placements
    ]


def _slack(step: str, slack: Mapping[str, float] | None) -> str:
    if slack is None:
        return ""
    return duration(slack[step]) if slack[step] else "none"


def _why(item: Placement) -> str:
    others = [f"{name} would end it at {duration(end)}" for name, end in item.candidates[1:]]
    refused = [f"{name} {reason}" for name, reason in item.rejected]
    return "; ".join([*others, *refused]) or "the only provider"


def plan_summary(plan: Plan) -> str:
    """Return the plan's figures, caveats and critical path as Markdown."""
    gap = plan.makespan_seconds / plan.bound_seconds - 1 if plan.bound_seconds else 0.0
    above = f"{gap:.1%} above it" if gap >= _NOTABLE else "reached"
    cost = f"cost {plan.cost:.4f}, " if plan.cost else ""
    lines = [
        f"**{_planned(plan)}**",
        "",
        f"- strategy {plan.strategy}, estimates: {plan.estimate_source}",
        *([f"- goal: {plan.goal}"] if plan.goal else []),
        *([f"- {eta_sentence(plan.eta)}"] if plan.eta else []),
        f"- lower bound of any plan: {duration(plan.bound_seconds)}, {above}",
        f"- {cost}utilisation {plan.utilisation:.0%}",
        f"- critical path: {_path(plan.critical_path)}",
        *(f"- caution: {warning}" for warning in plan.warnings),
    ]
    return "\n".join(lines)


def plan_sentence(plan: Plan) -> str:
    """Return the plan in one line of a log, with its caveats."""
    providers = ", ".join(sorted({item.provider for item in plan.placements}))
    said = f"Planned {_planned(plan)} on {providers}, estimates: {plan.estimate_source}"
    eta = [eta_sentence(plan.eta)] if plan.eta else []
    return "; ".join([said, *eta, *(f"caution: {warning}" for warning in plan.warnings)])


def eta_sentence(eta: Eta) -> str:
    """Return when all should have ended, and how probably by the deadline, in one line."""
    ends = [f"{duration(eta.p50_seconds)} in half of {eta.replays} simulated runs"]
    ends.append(f"{duration(eta.p80_seconds)} in 80%")
    ends.append(f"{duration(eta.p95_seconds)} in 95%")
    kept = "" if eta.on_time is None else f"; by the deadline in {eta.on_time:.0%}"
    return f"over in {', '.join(ends)}{kept}"


def _planned(plan: Plan) -> str:
    count = len(plan.order)
    return f"{count} step{'s' if count != 1 else ''} in {duration(plan.makespan_seconds)}"


def _path(steps: Sequence[str]) -> str:
    if len(steps) <= _ON_PATH:
        return " → ".join(steps)
    half = _ON_PATH // 2
    hidden = f"({len(steps) - 2 * half} more)"
    return " → ".join([*steps[:half], hidden, *steps[-half:]])


def result_rows(plan: Plan, results: Mapping[str, StepResult]) -> list[Row]:
    """Return one row a step with plan against actual, in the order of the plan.

    What a step with `foreach` became follows it, and was planned as it was.
    """
    planned = {item.step: item for item in plan.placements}
    rows: dict[str, list[Row]] = {step: [] for step in plan.order}
    for step, result in results.items():
        place = step if step in rows else result.group
        rows[place].append(_result_row(planned[place], result))
    return [row for of_step in rows.values() for row in of_step]


def _result_row(placed: Placement, result: StepResult) -> Row:
    expected = placed.end_seconds - placed.start_seconds
    actual = result.outcome.seconds if result.outcome else None
    return {
        "step": result.step,
        "state": result.state.value + (" (in a former run)" if result.resumed else ""),
        "provider": result.provider,
        "attempts": str(result.attempts or ""),
        "planned": duration(expected),
        "actual": "" if actual is None else duration(actual),
        "off by": _off(expected, actual) if result.succeeded else "",
        "waited": _waited(result),
        "detail": result.detail,
    }


def _waited(result: StepResult) -> str:
    if result.ready_at is None or result.outcome is None or result.attempts != 1:
        return ""
    return duration(max(0.0, result.outcome.started_at - result.ready_at))


def _off(expected: float, actual: float | None) -> str:
    return "" if not actual else f"{(expected - actual) / actual:+.0%}"


@dataclass(frozen=True, slots=True)
class EstimateError:
    """How far off the plan was: of the single steps (median, absolute) and of the whole."""

    steps: int
    median_error: float
    planned_seconds: float
    actual_seconds: float

    def __str__(self) -> str:
        return (
            f"planned {duration(self.planned_seconds)}, took {duration(self.actual_seconds)}; "
            f"the {self.steps} steps were off by {self.median_error:.0%} (median)"
        )


def estimate_error(plan: Plan, results: Mapping[str, StepResult]) -> EstimateError | None:
    """Return how far off ``plan`` was on what succeeded in this run; None where nothing did."""
    seconds = {item.step: item.end_seconds - item.start_seconds for item in plan.placements}
    pairs = [
        (seconds[result.step if result.step in seconds else result.group], result.outcome)
        for result in results.values()
        if result.succeeded and result.outcome and not result.resumed
    ]
    if not pairs:
        return None
    errors = [abs(expected - o.seconds) / max(o.seconds, 1e-3) for expected, o in pairs]
    began, ended = min(o.started_at for _, o in pairs), max(o.ended_at for _, o in pairs)
    return EstimateError(len(pairs), median(errors), plan.makespan_seconds, ended - began)


def failures(results: Iterable[StepResult]) -> list[str]:
    """Return a sentence for each step that keeps its workload from succeeding."""
    return [f"{r.step} {_became(r)}" for r in results if not r.harmless]


def _became(result: StepResult) -> str:
    if result.state is StepState.FAILED:
        return result.detail if result.detail.startswith("failed") else f"failed: {result.detail}"
    return f"was {result.state.value}: {result.detail}"
