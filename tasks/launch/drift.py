"""Configuration drift: the keys in which live instances differ from what is configured now."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from tasks.launch.applied import differences
from tasks.launch.launcher import Launcher
from tasks.launch.serving_release import live_release
from tasks.release import InstanceState

GONE = "no longer configured"
REPLICAS = "replicas"


@dataclass(frozen=True, slots=True)
class ConfigurationDrift:
    """The keys that differ, by the id of the instance, and the services that do not run."""

    differing: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()


def drift(launcher: Launcher) -> ConfigurationDrift:
    """Return what a launch would change in the instances that are live there.

    Raises:
        BadInputError: Nothing says any more how a service starts.
    """
    release = live_release(launcher)
    if release is None:
        return ConfigurationDrift()
    services = launcher.services(release)
    live = [instance for instance in launcher.recorded() if instance.state is InstanceState.RUNNING]
    counts = Counter(instance.service for instance in live)
    differing = {}
    for instance in live:
        spec = services.get(instance.service)
        if spec is None:
            differing[instance.id] = (GONE,)
            continue
        names = differences(instance.configuration, launcher.record(spec)).names
        scaled = (REPLICAS,) if counts[instance.service] != spec.replicas else ()
        if names or scaled:
            differing[instance.id] = (*names, *scaled)
    return ConfigurationDrift(differing, tuple(name for name in services if name not in counts))
