"""What is live against what is configured: which keys differ, for `status` to tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.launch.applied import differences
from tasks.launch.launcher import Launcher
from tasks.launch.standing import live_release
from tasks.release import InstanceState

GONE = "no longer configured"
REPLICAS = "replicas"


@dataclass(frozen=True, slots=True)
class Drift:
    """The keys that differ, by the id of the instance; services of which nothing runs."""

    differing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def drift(launcher: Launcher) -> Drift:
    """Return what a launch would change of what is live there.

    Raises:
        BadInputError: Nothing says any more how a service starts.
    """
    release = live_release(launcher)
    if release is None:
        return Drift()
    services = launcher.services(release)
    live = [one for one in launcher.recorded() if one.state is InstanceState.RUNNING]
    counts = Counter(one.service for one in live)
    differing = {}
    for one in live:
        spec = services.get(one.service)
        if spec is None:
            differing[one.id] = (GONE,)
            continue
        names = differences(one.configuration, launcher.record(spec)).names
        scaled = (REPLICAS,) if counts[one.service] != spec.replicas else ()
        if names or scaled:
            differing[one.id] = (*names, *scaled)
    return Drift(differing, tuple(name for name in services if name not in counts))
