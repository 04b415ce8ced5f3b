"""The cache by inputs: what is taken from it, why not more, and what a run adds to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from blocks.providers.interface import Outcome
from tasks.ledger.connection import Ledger
from tasks.ledger.step_cache import CachedOutcome, cached_outcomes, newest_cached, record_cached
from tasks.quantities import count_of, moment
from tasks.reuse.inputs import SourceFiles
from tasks.reuse.step_keys import StepKeys, Surroundings
from tasks.reuse.taken import Reuse, Taken
from tasks.workload import Step, StepGraph

# The names of more files are not recorded.
_MAX_RECORDED_INPUTS = 2000
_NAMED = 3
_REFRESH = "`refresh` was asked for"


def step_keys(
    graph: StepGraph, source: Path, environment: Mapping[str, str], surroundings: Surroundings
) -> StepKeys | None:
    """Return the keys of the steps of ``graph`` that declare inputs; None if no step does.

    ``source`` is the tree of the release, ``environment`` are the variables that all steps get.

    Raises:
        BadInputError: A glob matches no file.
    """
    if not any(step.inputs for step in graph.steps):
        return None
    files = SourceFiles(source)
    field = f"workloads.{graph.workload}.steps"
    inputs = {
        step.id: files.matching(f"{field}.{step.id}.inputs", step.inputs)
        for step in graph.steps
        if step.inputs
    }
    return StepKeys(graph, inputs, environment, surroundings)


def from_cache(graph: StepGraph, keys: StepKeys, ledger: Ledger, *, refresh: bool) -> Reuse:
    """Return what the cache holds for ``graph``, and why other steps with inputs are executed."""
    with_inputs = [step for step in graph.steps if step.inputs]
    if refresh:
        return Reuse(reasons={step.id: _REFRESH for step in with_inputs}, keys=keys)
    cached = cached_outcomes(ledger, keys.contexts.values())

    def take(step: Step) -> Taken | None:
        """Return the cached outcome of a step, or of an item of a list."""
        found = cached.get(keys.key_of(step))
        return Taken(found.outcome, _why(found)) if found else None

    taken = {step.id: found.why for step in with_inputs if (found := take(step))}
    others = [step for step in with_inputs if step.id not in taken and not step.foreach]
    newest = newest_cached(ledger, [step.history_key for step in others])
    reasons = {
        step.id: _reason(newest[step.history_key], keys.inputs[step.id])
        for step in others
        if step.history_key in newest
    }
    return Reuse(take, taken, frozenset(taken), reasons, keys=keys)


def record_outcomes(
    ledger: Ledger,
    keys: StepKeys,
    project: str,
    workload: str,
    executed: Sequence[tuple[Step, Outcome]],
) -> None:
    """Record the outcomes of the steps that succeeded and declare inputs, of the run ``workload``."""
    outcomes = []
    for step, outcome in executed:
        if key := keys.key_of(step):
            files = keys.inputs.get(step.id, {})
            few = files if len(files) <= _MAX_RECORDED_INPUTS else {}
            context = keys.context_of(step)
            row = CachedOutcome(
                key, context, project, step.history_key, workload, outcome, outcome.ended_at, few
            )
            outcomes.append(row)
    if outcomes:
        record_cached(ledger, outcomes)


def _why(cached: CachedOutcome) -> str:
    return f"cached: inputs unchanged since run {cached.workload} of {moment(cached.at)}"


def _reason(last: CachedOutcome, inputs: Mapping[str, str]) -> str:
    """Return what has changed since the newest outcome of the same step."""
    if not last.inputs or len(inputs) > _MAX_RECORDED_INPUTS:
        return "its inputs changed, or its command or variables"
    names = sorted(last.inputs.keys() | inputs.keys())
    changed = [name for name in names if last.inputs.get(name) != inputs.get(name)]
    if not changed:
        return "its command, its variables, the installed programs or a step it needs changed"
    more = f" and {len(changed) - _NAMED} more" if len(changed) > _NAMED else ""
    return f"inputs changed: {count_of(len(changed), 'file')} ({', '.join(changed[:_NAMED])}{more})"
