"""An explanation as rows of a table and as Markdown. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tasks.distribute.explaining.binding import Binding, Link
from tasks.distribute.explaining.comparison import Difference, compare
from tasks.distribute.explaining.explanation import Explanation
from tasks.distribute.explaining.report import Row
from tasks.distribute.explaining.whatif import MOST_CHANGES, Effect, most_changes
from tasks.plan import Plan
from tasks.planning.core.usage import UNITS
from tasks.quantities import duration

# What is less is shown as nothing.
_LEAST_COST, _LEAST_SECONDS = 0.00005, 0.05
# Of a makespan; less may be a whim of planning.
_NOTABLE = 0.001
_ON_CHAIN, _NAMED, _MOST_PROVIDERS = 16, 8, 12


def strategy_rows(found: Explanation) -> list[Row]:
    """Return one row a strategy, the shortest plan first."""
    return [_strategy_row(plan, found.plan) for plan in found.plans]


def _strategy_row(plan: Plan, chosen: Plan) -> Row:
    return {
        "strategy": plan.strategy + (" (chosen)" if plan is chosen else ""),
        "makespan": duration(plan.makespan_seconds),
        "above the bound": _percent(plan.makespan_seconds, plan.bound_seconds),
        "against the chosen": "" if plan is chosen else _against(plan, chosen),
        "cost": f"{plan.cost:.4f}" if plan.cost else "",
        "utilisation": f"{plan.utilisation:.0%}",
    }


def _percent(seconds: float, base: float) -> str:
    return f"{seconds / base - 1:.1%}".replace("-0.0%", "0.0%") if base else ""


def _against(plan: Plan, chosen: Plan) -> str:
    gain = chosen.makespan_seconds - plan.makespan_seconds
    if abs(gain) < _NOTABLE * chosen.makespan_seconds or not chosen.makespan_seconds:
        return "the same"
    return f"{abs(gain) / chosen.makespan_seconds:.1%} {'shorter' if gain > 0 else 'longer'}"


def what_if(found: Explanation, former: tuple[str, Plan] | None = None) -> str:
    """Return what decides the end, what would change it and what to do, as Markdown.

    ``former`` is an earlier plan of the same workload and its id.
    """
    lines = [
        f"## What decides the end of {found.plan.workload}",
        *("", _verdict(found.binding, found.plan), ""),
        *_chain(found.binding.chain),
        *_uses(found.binding),
        *_effects(found),
        *_advice(found),
        *_former(found.plan, former),
    ]
    return "\n".join(lines)


def _verdict(found: Binding, plan: Plan) -> str:
    total = duration(plan.makespan_seconds)
    if found.resource is None:
        return (
            f"**The needs alone**: the {total} are one chain of steps that each need the one "
            "before; no provider is waited for."
        )
    seconds = found.waits[found.resource]
    return (
        f"**{_resource(found)}**: {duration(seconds)} of the {total} pass while a step "
        f"waits for others to give them back; {found.share(found.resource):.0%} are held on average."
    )


def _resource(found: Binding) -> str:
    if found.resource is None:
        return ""
    names = " and ".join(UNITS[component] for component in found.tied(found.resource))
    return f"The {names} of {found.resource[0]}"


def _chain(links: Sequence[Link]) -> Iterator[str]:
    """Show the chain; ⇢ is where the next step waited for a provider, → where it needed the step."""
    if not links:
        return
    marks = [f"{link.step} {'⇢' if link.held_up_by else '→'}" for link in links[:-1]]
    shown = [*marks, links[-1].step]
    if len(shown) > _ON_CHAIN:
        half = _ON_CHAIN // 2
        shown = [*shown[:half], f"({len(shown) - 2 * half} more)", *shown[-half:]]
    yield "Its steps, → where the next needs the one before, ⇢ where it waits for its room:"
    yield from ("", " ".join(shown), "")


def _uses(found: Binding) -> Iterator[str]:
    """Give a row a provider, the fullest first: what is held on average, how long it is waited for."""
    providers = list(dict.fromkeys(use.provider for use in found.uses))[:_MOST_PROVIDERS]
    if not providers:
        return
    yield from (
        f"| provider | {' | '.join(UNITS.values())} | waited for |",
        "|---|---:|---:|---:|---:|",
    )
    shares = {(use.provider, use.component): f"{use.share:.0%}" for use in found.uses}
    for name in providers:
        held = " | ".join(shares.get((name, component), "") for component in UNITS)
        waited = sum(seconds for (of, _), seconds in found.waits.items() if of == name)
        yield f"| {name} | {held} | {duration(waited) if waited else ''} |"
    yield ""


def _effects(found: Explanation) -> Iterator[str]:
    least = _NOTABLE * found.plan.makespan_seconds
    cheaper = -_NOTABLE * found.plan.cost

    def helps(effect: Effect) -> bool:
        """Tell whether it saves time, or money where a goal asks for that."""
        return effect.gain_seconds > least or effect.cost < min(cheaper, -_LEAST_COST)

    helping = [effect for effect in found.effects if helps(effect)]
    idle = [effect.what for effect in found.effects if not helps(effect)]
    if not found.effects:
        return
    yield from ("## What would change it", "")
    if helping:
        yield from ("| change | would take | saves | cost |", "|---|---:|---:|---:|")
        yield from (_effect_row(effect, found.plan) for effect in helping)
        yield ""
    if idle:
        more = f" and {len(idle) - _NAMED} more" if len(idle) > _NAMED else ""
        yield from (f"Tried without any gain: {'; '.join(idle[:_NAMED])}{more}.", "")
    steps = len(found.plan.order)
    if (most := most_changes(steps)) < MOST_CHANGES:
        changes = "one change" if most == 1 else f"{most} changes"
        yield from (f"Of a workload of {steps} steps, no more than {changes} can be tried.", "")


def _effect_row(effect: Effect, plan: Plan) -> str:
    share = effect.gain_seconds / plan.makespan_seconds
    cost = f"{effect.cost:+.4f}" if abs(effect.cost) >= _LEAST_COST else ""
    return (
        f"| {effect.what} | {duration(effect.makespan_seconds)} "
        f"| {duration(effect.gain_seconds)} ({share:.1%}) | {cost} |"
    )


def _advice(found: Explanation) -> Iterator[str]:
    if found.advice:
        yield from ("## Recommendations", "")
        yield from (f"- {each.finding}. {each.remedy}." for each in found.advice)


def _former(plan: Plan, former: tuple[str, Plan] | None) -> Iterator[str]:
    if former:
        name, before = former
        yield from ("", f"Against plan {name}: {difference_sentence(compare(before, plan))}.")


def difference_sentence(difference: Difference) -> str:
    """Return how one plan differs from another, in one line."""
    parts = [
        _longer(difference.seconds),
        *([f"cost {difference.cost:+.4f}"] if abs(difference.cost) >= _LEAST_COST else []),
        *([f"{len(difference.moved)} moved: {_moves(difference)}"] if difference.moved else []),
        *([f"{len(difference.reordered)} reordered"] if difference.reordered else []),
        *([f"added: {_few(difference.added)}"] if difference.added else []),
        *([f"removed: {_few(difference.removed)}"] if difference.removed else []),
    ]
    same = ["the same order and providers"] if difference.same_choices else []
    return "; ".join([*parts, *same])


def _longer(seconds: float) -> str:
    if abs(seconds) < _LEAST_SECONDS:
        return "as long"
    return f"{duration(abs(seconds))} {'longer' if seconds > 0 else 'shorter'}"


def _moves(difference: Difference) -> str:
    return _few([f"{each.step} ({each.before} to {each.after})" for each in difference.moved])


def _few(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more
