"""The pure state machine of a rollout: its next phase and effect, by what was observed.

Every effect may be repeated: when a controller is killed in the middle of one, its successor
performs it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from tasks.deploy.effects import (
    BeforeRan,
    BuildRelease,
    Built,
    Drain,
    Effect,
    Failed,
    Gate,
    GateRefused,
    Nothing,
    Observation,
    Passed,
    Retire,
    Retired,
    RunBefore,
    Shift,
    Shifted,
    Start,
    Started,
    Survey,
    Surveyed,
    TrafficDrained,
    Undo,
    Undone,
)
from tasks.deploy.rollout import REVERTIBLE, Phase, Rollout, RolloutKind
from tasks.errors import BadInputError

STRATEGIES = ("blue_green",)


def begin(rollout: Rollout, now: float) -> tuple[Rollout, Effect]:
    """Return the first phase: a given release is taken as it is, a version is built.

    Raises:
        BadInputError: The strategy does not exist.
    """
    if rollout.strategy not in STRATEGIES:
        strategies = ", ".join(STRATEGIES)
        raise BadInputError("strategy", rollout.strategy, "unknown", f"Use one of: {strategies}.")
    rollout = replace(rollout, started_at=now)
    if rollout.to_release:
        return _enter(rollout, Phase.BUILT, now), Survey()
    return _enter(rollout, Phase.PREPARING, now), BuildRelease(rollout.version)


def advance(rollout: Rollout, observation: Observation, now: float) -> tuple[Rollout, Effect]:
    """Return ``rollout`` after ``observation``, and the effect to perform next.

    Raises:
        ValueError: The observation cannot follow in this phase (a mistake in the caller).
    """
    if isinstance(observation, Failed) and rollout.phase in REVERTIBLE:
        fresh = observation.fresh or rollout.fresh
        return revert(replace(rollout, fresh=fresh), observation.reason, now)
    step = (
        _prepare(rollout, observation, now)
        or _arrive(rollout, observation, now)
        or _hand_over(rollout, observation, now)
    )
    if step is None:
        name = type(observation).__name__
        raise ValueError(f"{name} cannot follow in phase {rollout.phase}")
    return step


def _prepare(
    rollout: Rollout, observation: Observation, now: float
) -> tuple[Rollout, Effect] | None:
    """Take the steps after which the new release may be started."""
    match rollout.phase, observation:
        case Phase.PREPARING, Built(digest, version, fresh):
            built = replace(rollout, to_release=digest, version=version, built_here=fresh)
            return _enter(built, Phase.BUILT, now), Survey()
        case Phase.BUILT, Surveyed():
            return _surveyed(rollout, observation, now)
        case Phase.BEFORE, BeforeRan():
            return _enter(rollout, Phase.STARTING, now), Start(rollout.to_release)
    return None


def _arrive(
    rollout: Rollout, observation: Observation, now: float
) -> tuple[Rollout, Effect] | None:
    """Take the steps that start the new release, and those after its gate has refused it."""
    match rollout.phase, observation:
        case Phase.STARTING, Started(ids):
            new = _without(ids, (*rollout.serving, *rollout.warm))
            return _enter(replace(rollout, fresh=new), Phase.GATING, now), Gate(new)
        case Phase.GATING, GateRefused() if rollout.adopted:
            cold = _enter(replace(rollout, adopted=()), Phase.STARTING, now)
            return cold, Start(rollout.to_release)
        case Phase.GATING, GateRefused(reason):
            return revert(rollout, reason, now)
    return None


def _hand_over(
    rollout: Rollout, observation: Observation, now: float
) -> tuple[Rollout, Effect] | None:
    """Take the steps that move the traffic and settle what is left."""
    match rollout.phase, observation:
        case Phase.GATING, Passed(routes):
            shifting = _enter(replace(rollout, routes=routes), Phase.SHIFTING, now)
            return shifting, shift_of(shifting)
        case Phase.SHIFTING, Shifted():
            leaving = (*rollout.serving, *_leftover(rollout))
            return _enter(rollout, Phase.DRAINING, now), Drain(leaving)
        case Phase.DRAINING, TrafficDrained():
            return rollout, _retire(rollout)
        case Phase.DRAINING, Retired():
            return _enter(rollout, Phase.DONE, now), Nothing()
        case Phase.REVERTING, Undone():
            return _enter(rollout, Phase.REVERTED, now), Nothing()
    return None


def shift_of(rollout: Rollout) -> Shift:
    """Return the effect that moves the traffic; repeating it changes nothing."""
    return Shift(rollout.routes, arriving=rollout.arriving, leaving=rollout.serving)


def revert(rollout: Rollout, reason: str, now: float) -> tuple[Rollout, Effect]:
    """Give up: traffic stays or goes back to where it was, and nothing of the attempt remains."""
    undo = Undo(
        routes=rollout.routes,
        serving=rollout.serving,
        warm=rollout.adopted,
        stop=rollout.fresh,
        forget=rollout.to_release if rollout.built_here else "",
    )
    return _enter(replace(rollout, reason=reason), Phase.REVERTING, now), undo


def _surveyed(rollout: Rollout, observation: Surveyed, now: float) -> tuple[Rollout, Effect]:
    """Go back to warm instances where a rollback may, start new ones otherwise.

    A rollback goes back to a release that has served: its `before` commands are not repeated.
    """
    rollout = replace(
        rollout,
        from_release=observation.release,
        from_version=observation.version,
        serving=observation.serving,
        warm=observation.warm,
        keep_warm=observation.keep_warm,
    )
    if rollout.kind is RolloutKind.ROLLBACK and observation.adoptable:
        adopting = replace(rollout, adopted=observation.adoptable)
        return _enter(adopting, Phase.GATING, now), Gate(observation.adoptable, once=True)
    if rollout.kind is RolloutKind.ROLLBACK:
        return _enter(rollout, Phase.STARTING, now), Start(rollout.to_release)
    return _enter(rollout, Phase.BEFORE, now), RunBefore(rollout.to_release)


def _retire(rollout: Rollout) -> Retire:
    """Keep the replaced release warm, and only that one; a redeploy keeps what was warm before."""
    if rollout.redeploys:
        return Retire(rollout.arriving, warm=_leftover(rollout), stop=rollout.serving)
    if rollout.keep_warm:
        return Retire(rollout.arriving, warm=rollout.serving, stop=_leftover(rollout))
    return Retire(rollout.arriving, warm=(), stop=(*rollout.serving, *_leftover(rollout)))


def _leftover(rollout: Rollout) -> tuple[str, ...]:
    """Return what was warm before and is not gone back to."""
    return _without(rollout.warm, rollout.adopted)


def _without(ids: Iterable[str], others: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(instance_id for instance_id in ids if instance_id not in others)


def _enter(rollout: Rollout, phase: Phase, now: float) -> Rollout:
    return replace(rollout, phase=phase, timeline=(*rollout.timeline, (phase, now)))
