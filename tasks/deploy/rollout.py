r"""A rollout: one move of traffic from a release to the next, and its phases.

    preparing -> built -> before -> starting -> gating -> shifting -> draining -> done
          \________\________\_________\_________\_________\-> reverting -> reverted

`state_machine` says how it gets from one phase to the next.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from tasks.deploy.effects import Route


class Phase(StrEnum):
    """The phases of a rollout."""

    PREPARING = "preparing"
    BUILT = "built"
    BEFORE = "before"
    STARTING = "starting"
    GATING = "gating"
    SHIFTING = "shifting"
    DRAINING = "draining"
    DONE = "done"
    REVERTING = "reverting"
    REVERTED = "reverted"


# In these phases a rollout can be given up; once the traffic has moved it is brought to its end.
REVERTIBLE = frozenset(
    {
        Phase.PREPARING,
        Phase.BUILT,
        Phase.BEFORE,
        Phase.STARTING,
        Phase.GATING,
        Phase.SHIFTING,
    }
)


class RolloutKind(StrEnum):
    """The direction of a rollout: to a requested version, or back to the former release."""

    DEPLOY = "deploy"
    ROLLBACK = "rollback"


@dataclass(frozen=True, slots=True)
class Rollout:
    """One move of traffic; instances are given by id, times in epoch seconds.

    ``to_release`` is known from the start where a release is given by digest (a rollback, or a
    deploy of what was tested): no version is resolved then, not even after a crash. ``serving``
    and ``warm`` are the instances that ran before it, ``fresh`` those it started, ``adopted`` the
    warm ones that a rollback goes back to. ``keep_warm`` tells whether the replaced instances may
    stay up for a rollback. ``timeline`` holds each phase and when it was entered. ``untold`` tells
    that its controller died and another one ended it, so that its result was not reported.
    """

    project: str
    environment: str
    version: str
    kind: RolloutKind = RolloutKind.DEPLOY
    strategy: str = "blue_green"
    phase: Phase = Phase.PREPARING
    started_at: float = 0.0
    to_release: str = ""
    from_release: str = ""
    from_version: str = ""
    built_here: bool = False
    serving: tuple[str, ...] = ()
    warm: tuple[str, ...] = ()
    keep_warm: bool = True
    fresh: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    routes: tuple[Route, ...] = ()
    reason: str = ""
    timeline: tuple[tuple[Phase, float], ...] = ()
    untold: bool = False

    @property
    def arriving(self) -> tuple[str, ...]:
        """The instances that are to serve when it is done."""
        return self.adopted or self.fresh

    @property
    def redeploys(self) -> bool:
        """Whether it replaces a release by the same one: there is nothing to roll back to."""
        return self.from_release == self.to_release

    @property
    def owes_report(self) -> bool:
        """Whether it is a finished rollback whose result was not reported."""
        return self.untold and self.kind is RolloutKind.ROLLBACK and self.phase is Phase.DONE

    @property
    def over(self) -> bool:
        """Whether nothing is left to do."""
        return self.phase in {Phase.DONE, Phase.REVERTED}
