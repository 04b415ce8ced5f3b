"""The event of a rollout in its current phase."""

from __future__ import annotations

from tasks.deploy.rollout import Phase, Rollout
from tasks.events import Event, RolloutSummary, deploy_done, deploy_reverted, deploy_started


def rollout_event(rollout: Rollout) -> Event:
    """Return that ``rollout`` is done or was reverted where it is over, else that it has started."""
    summary = RolloutSummary(
        rollout.project,
        rollout.environment,
        str(rollout.kind),
        rollout.version,
        rollout.from_version,
        rollout.reason,
    )
    if not rollout.over:
        return deploy_started(summary)
    return deploy_done(summary) if rollout.phase is Phase.DONE else deploy_reverted(summary)
