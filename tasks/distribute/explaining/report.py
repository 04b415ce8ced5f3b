"""Plans as rows of a table, as Markdown and as a line of a log; pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tasks.plan import Eta, Placement, Plan
from tasks.quantities import count_of, duration
from tasks.reuse.taken import NOTHING_REUSED, Reuse

Row = dict[str, str]
# The number of steps of a critical path that are shown.
_ON_PATH = 12
# A smaller gap to the bound counts as none.
_NOTABLE = 0.001
# The number of steps that a sentence names.
_NAMED = 5
# The number of sentences on what is taken over.
_SENTENCES = 12
_COLUMNS = ("step", "provider", "start", "end", "takes", "cost", "critical", "slack", "why")


def plan_rows(
    plan: Plan, slack: Mapping[str, float] | None = None, reuse: Reuse = NOTHING_REUSED
) -> list[Row]:
    """Return one row a step, in the order of the plan, and then those that are taken over.

    ``slack`` says how many seconds later each may end, where that is known.
    """
    critical = set(plan.critical_path)
    planned = [
        {
            "step": placement.step,
            "provider": placement.provider,
            "start": duration(placement.start_seconds),
            "end": duration(placement.end_seconds),
            "takes": duration(placement.end_seconds - placement.start_seconds),
            "cost": f"{placement.cost:.4f}" if placement.cost else "",
            "critical": "yes" if placement.step in critical else "",
            "slack": _slack(placement.step, slack),
            "why": "; ".join([*_runs(placement.step, reuse), _why(placement)]),
        }
        for placement in plan.placements
    ]
    return planned + [
        {**dict.fromkeys(_COLUMNS, ""), "step": step, "why": why}
        for step, why in reuse.taken.items()
    ]


def _runs(step: str, reuse: Reuse) -> list[str]:
    return [f"runs: {reuse.reasons[step]}"] if step in reuse.reasons else []


def reuse_sentences(reuse: Reuse) -> list[str]:
    """Return what is taken over from former runs, and why other steps are executed."""
    by_why: dict[str, list[str]] = {}
    for step, why in reuse.taken.items():
        by_why.setdefault(why, []).append(step)
    by_reason: dict[str, list[str]] = {}
    for step, reason in reuse.reasons.items():
        by_reason.setdefault(reason, []).append(step)
    sentences = [f"{_steps(steps)}: {why}" for why, steps in by_why.items()]
    sentences += [f"{_steps(steps)}: runs, {reason}" for reason, steps in by_reason.items()]
    more = len(sentences) - _SENTENCES
    return [*sentences[:_SENTENCES], *([f"{more} more such groups of steps"] if more > 0 else [])]


def _steps(steps: Sequence[str]) -> str:
    more = f" and {len(steps) - _NAMED} more" if len(steps) > _NAMED else ""
    return f"{count_of(len(steps), 'step')} ({', '.join(steps[:_NAMED])}{more})"


def _slack(step: str, slack: Mapping[str, float] | None) -> str:
    if slack is None:
        return ""
    return duration(slack[step]) if slack[step] else "none"


def _why(placement: Placement) -> str:
    others = [f"{name} would end it at {duration(end)}" for name, end in placement.candidates[1:]]
    refused = [f"{name} {reason}" for name, reason in placement.rejected]
    return "; ".join([*others, *refused]) or "the only provider"


def plan_summary(plan: Plan, reuse: Reuse = NOTHING_REUSED) -> str:
    """Return the plan's figures, warnings and critical path as Markdown."""
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
        *(f"- {sentence}" for sentence in reuse_sentences(reuse)),
    ]
    return "\n".join(lines)


def plan_headline(plan: Plan) -> str:
    """Return what the plan is of, how many steps it has and how long they take."""
    return f"Plan of {plan.workload} of {plan.project}: {_planned(plan)}"


def plan_sentence(plan: Plan) -> str:
    """Return the plan in one line of a log, with its warnings."""
    if not plan.placements:
        return "Planned nothing: no step has to be executed"
    providers = ", ".join(sorted({item.provider for item in plan.placements}))
    planned = f"Planned {_planned(plan)} on {providers}, estimates: {plan.estimate_source}"
    eta = [eta_sentence(plan.eta)] if plan.eta else []
    return "; ".join([planned, *eta, *(f"caution: {warning}" for warning in plan.warnings)])


def eta_sentence(eta: Eta) -> str:
    """Return the forecast of the end and the probability of keeping the deadline, in one line."""
    ends = [f"{duration(eta.p50_seconds)} in half of {eta.replays} simulated runs"]
    ends.append(f"{duration(eta.p80_seconds)} in 80%")
    ends.append(f"{duration(eta.p95_seconds)} in 95%")
    on_time = "" if eta.on_time is None else f"; by the deadline in {eta.on_time:.0%}"
    return f"done in {', '.join(ends)}{on_time}"


def _planned(plan: Plan) -> str:
    count = len(plan.order)
    return f"{count} step{'s' if count != 1 else ''} in {duration(plan.makespan_seconds)}"


def _path(steps: Sequence[str]) -> str:
    if len(steps) <= _ON_PATH:
        return " → ".join(steps)
    half = _ON_PATH // 2
    hidden = f"({len(steps) - 2 * half} more)"
    return " → ".join([*steps[:half], hidden, *steps[-half:]])
