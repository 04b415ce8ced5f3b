"""An explanation as rows of a table and as Markdown; pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.distribute.explaining.binding import Binding, Link
from tasks.distribute.explaining.comparison import Difference, compare
from tasks.distribute.explaining.explanation import Explanation
from tasks.distribute.explaining.report import Row
from tasks.distribute.explaining.whatif import MAX_CHANGES, Effect, max_changes
from tasks.plan import Plan
from tasks.planning.core.usage import UNITS
from tasks.quantities import duration

# A smaller cost is shown as zero.
_MIN_COST = 0.00005
# So is a shorter time.
_MIN_SECONDS = 0.05
# A fraction of a makespan; less may be due to chance in planning.
_NOTABLE = 0.001
# The number of steps of a chain that are shown.
_ON_CHAIN = 16
# The number of steps or changes that are named.
_NAMED = 8
_MAX_PROVIDERS = 12


def strategy_rows(explanation: Explanation) -> list[Row]:
    """Return one row a strategy, the shortest plan first."""
    return [_strategy_row(plan, explanation.plan) for plan in explanation.plans]


def _strategy_row(plan: Plan, chosen_plan: Plan) -> Row:
    return {
        "strategy": plan.strategy + (" (chosen)" if plan is chosen_plan else ""),
        "makespan": duration(plan.makespan_seconds),
        # That of the other plans may be a rough one.
        "above the bound": _percent(plan.makespan_seconds, chosen_plan.bound_seconds),
        "against the chosen": "" if plan is chosen_plan else _against(plan, chosen_plan),
        "cost": f"{plan.cost:.4f}" if plan.cost else "",
        "utilisation": f"{plan.utilisation:.0%}",
    }


def _percent(seconds: float, base: float) -> str:
    return f"{seconds / base - 1:.1%}".replace("-0.0%", "0.0%") if base else ""


def _against(plan: Plan, chosen_plan: Plan) -> str:
    gain = chosen_plan.makespan_seconds - plan.makespan_seconds
    if abs(gain) < _NOTABLE * chosen_plan.makespan_seconds or not chosen_plan.makespan_seconds:
        return "the same"
    return f"{abs(gain) / chosen_plan.makespan_seconds:.1%} {'shorter' if gain > 0 else 'longer'}"


def what_if(explanation: Explanation, former: tuple[str, Plan] | None = None) -> str:
    """Return the binding chain, the effects of changes and the advice as Markdown.

    ``former`` is an earlier plan of the same workload and its id.
    """
    lines = [
        f"## What decides the end of {explanation.plan.workload}",
        "",
        _verdict(explanation.binding, explanation.plan),
        "",
        *_chain(explanation.binding.chain),
        *_uses(explanation.binding),
        *_effects(explanation),
        *_advice(explanation),
        *_former(explanation.plan, former),
    ]
    return "\n".join(lines)


def _verdict(plan_binding: Binding, plan: Plan) -> str:
    total = duration(plan.makespan_seconds)
    if plan_binding.resource is None:
        return (
            f"**The needs alone**: the {total} are one chain of steps that each need the one "
            "before; no provider is waited for."
        )
    seconds = plan_binding.waits[plan_binding.resource]
    return (
        f"**{_resource(plan_binding)}**: {duration(seconds)} of the {total} pass while a step "
        f"waits for others to give them back; {plan_binding.share(plan_binding.resource):.0%} are held on average."
    )


def _resource(plan_binding: Binding) -> str:
    if plan_binding.resource is None:
        return ""
    names = " and ".join(UNITS[component] for component in plan_binding.tied(plan_binding.resource))
    return f"The {names} of {plan_binding.resource[0]}"


def _chain(links: Sequence[Link]) -> Iterator[str]:
    """Write the chain; ⇢ means that the next step waited for a provider, → that it needed the step."""
    if not links:
        return
    marks = [f"{link.step} {'⇢' if link.held_up_by else '→'}" for link in links[:-1]]
    parts = [*marks, links[-1].step]
    if len(parts) > _ON_CHAIN:
        half = _ON_CHAIN // 2
        parts = [*parts[:half], f"({len(parts) - 2 * half} more)", *parts[-half:]]
    yield "Its steps, → where the next needs the one before, ⇢ where it waits for its room:"
    yield from ("", " ".join(parts), "")


def _uses(plan_binding: Binding) -> Iterator[str]:
    """Write a row for each provider, the fullest first: its utilisation and the seconds waited."""
    providers = list(dict.fromkeys(use.provider for use in plan_binding.uses))[:_MAX_PROVIDERS]
    if not providers:
        return
    yield from (
        f"| provider | {' | '.join(UNITS.values())} | waited for |",
        "|---|---:|---:|---:|---:|",
    )
    shares = {(use.provider, use.component): f"{use.share:.0%}" for use in plan_binding.uses}
    for name in providers:
        utilisation = " | ".join(shares.get((name, component), "") for component in UNITS)
        waited = sum(
            seconds for (provider, _), seconds in plan_binding.waits.items() if provider == name
        )
        yield f"| {name} | {utilisation} | {duration(waited) if waited else ''} |"
    yield ""


def _effects(explanation: Explanation) -> Iterator[str]:
    least = _NOTABLE * explanation.plan.makespan_seconds
    cheaper = -_NOTABLE * explanation.plan.cost

    def helps(effect: Effect) -> bool:
        """Tell whether a change saves time or money."""
        return effect.gain_seconds > least or effect.cost < min(cheaper, -_MIN_COST)

    helping = [effect for effect in explanation.effects if helps(effect)]
    idle = [effect.what for effect in explanation.effects if not helps(effect)]
    if not explanation.effects:
        return
    yield from ("## What would change it", "")
    if helping:
        yield from ("| change | would take | saves | cost |", "|---|---:|---:|---:|")
        yield from (_effect_row(effect, explanation.plan) for effect in helping)
        yield ""
    if idle:
        more = f" and {len(idle) - _NAMED} more" if len(idle) > _NAMED else ""
        yield from (f"Tried without any gain: {'; '.join(idle[:_NAMED])}{more}.", "")
    steps = len(explanation.plan.order)
    if (most := max_changes(steps)) < MAX_CHANGES:
        changes = "one change" if most == 1 else f"{most} changes"
        yield from (f"Of a workload of {steps} steps, no more than {changes} can be tried.", "")


def _effect_row(effect: Effect, plan: Plan) -> str:
    share = effect.gain_seconds / plan.makespan_seconds
    cost = f"{effect.cost:+.4f}" if abs(effect.cost) >= _MIN_COST else ""
    return (
        f"| {effect.what} | {duration(effect.makespan_seconds)} "
        f"| {duration(effect.gain_seconds)} ({share:.1%}) | {cost} |"
    )


def _advice(explanation: Explanation) -> Iterator[str]:
    if explanation.advice:
        yield from ("## Recommendations", "")
        yield from (f"- {advice.finding}. {advice.remedy}." for advice in explanation.advice)


def _former(plan: Plan, former: tuple[str, Plan] | None) -> Iterator[str]:
    if former:
        name, before = former
        yield from ("", f"Against plan {name}: {difference_sentence(compare(before, plan))}.")


def difference_sentence(difference: Difference) -> str:
    """Return how one plan differs from another, in one line."""
    parts = [
        _longer(difference.seconds),
        *([f"cost {difference.cost:+.4f}"] if abs(difference.cost) >= _MIN_COST else []),
        *([f"{len(difference.moved)} moved: {_moves(difference)}"] if difference.moved else []),
        *([f"{len(difference.reordered)} reordered"] if difference.reordered else []),
        *([f"added: {_few(difference.added)}"] if difference.added else []),
        *([f"removed: {_few(difference.removed)}"] if difference.removed else []),
    ]
    same = ["the same order and providers"] if difference.same_choices else []
    return "; ".join([*parts, *same])


def _longer(seconds: float) -> str:
    if abs(seconds) < _MIN_SECONDS:
        return "as long"
    return f"{duration(abs(seconds))} {'longer' if seconds > 0 else 'shorter'}"


def _moves(difference: Difference) -> str:
    return _few([f"{move.step} ({move.before} to {move.after})" for move in difference.moved])


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
