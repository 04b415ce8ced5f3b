"""Convergence on the desired release: it adopts, starts, waits, routes, and only then stops."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from blocks.project_spec import ServiceSpec
from tasks.drain import drain
from tasks.launch.instances.desired import superfluous
from tasks.launch.instances.starter import remove_folders
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.precedence import (
    ended_by_another_run,
    is_superseded,
    require_no_rollout,
    shared_services,
)
from tasks.launch.public_ports import PublicPorts, route_away
from tasks.launch.serving_release import live_instance, live_release
from tasks.ledger.turns import Turn, is_overtaken, last_turn
from tasks.presence import is_lost, is_running
from tasks.release import Instance, InstanceState, Release

STOP_GRACE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Launched:
    """What runs after a launch; ``urls`` is where its services are reached, by name.

    ``ended`` is the service of each replica that has ended and that its restart policy does not
    start again.
    """

    release: Release
    instances: tuple[Instance, ...]
    started: tuple[str, ...]
    stopped: tuple[str, ...]
    urls: dict[str, str]
    ended: tuple[str, ...] = ()

    def __str__(self) -> str:
        where = ", ".join(f"{name} at {url}" for name, url in self.urls.items()) or "no port"
        adopted = len(self.instances) - len(self.started) - len(self.ended)
        over = ", ".join(dict.fromkeys(self.ended))
        remark = f"; {over} ran to the end and is not run again (`restart` does)" if over else ""
        return (
            f"{self.release.project} {self.release.version}: {len(self.started)} started, "
            f"{adopted} adopted, {len(self.stopped)} stopped; {where}{remark}"
        )


def converge(
    launcher: Launcher, release: Release, public_ports: PublicPorts, *, fresh: bool = False
) -> Launched:
    """Have ``release`` serve as it is configured; ``fresh``: with new processes in any case.

    Instances that served before, or with another configuration, are stopped once the new ones are
    healthy, have the traffic, and the requests in flight are answered.

    Raises:
        BadInputError: A command or variable cannot be used; nothing was started then.
        BeforeError: A command that has to succeed first failed; nothing was started then.
        BusyError: A rollout is moving its traffic, or no public port is free.
        LaunchError: It did not become healthy; what was started is stopped again, and what
            served before still does.
    """
    with launcher.locked():
        require_no_rollout(launcher)
        turn = launcher.turn()
        recorded = launcher.recorded()
    # Other processes of the same release do not apply what would need another release.
    serving_instance = live_instance(launcher) if fresh else None
    chosen_by = serving_instance.configuration.get("release") if serving_instance else None
    services = launcher.services(release)
    with public_ports.leased(services, launcher.clock, lambda: is_superseded(launcher, turn)):
        if not _serves(release, recorded):
            launcher.prepare(release)
        instances = launcher.start(release, fresh=fresh, chosen_by=chosen_by)
        new = superfluous(recorded, instances)
        patience = max(
            (service.health_timeout_seconds for service in services.values()), default=0.0
        )
        with _ended_on_failure(launcher, public_ports, new):
            _require_health(launcher, instances, patience)
            urls, old = _move_traffic(launcher, public_ports, instances, recorded, turn)
    launcher.describe(superfluous(new, instances))
    _drain(old, max((service.drain_seconds for service in services.values()), default=0.0))
    launcher.stop(old, STOP_GRACE_SECONDS)
    return _launched(release, instances, new, old, urls)


def revive(launcher: Launcher, public_ports: PublicPorts) -> Launched | None:
    """Start again, as they were, the instances that should run and do not; None if none should.

    Version, configuration and number of replicas stay as they were live, whatever is configured now.

    Raises:
        BadInputError: A release is no longer on disk; nothing was started then.
        BusyError: A rollout is moving its traffic.
        LaunchError: It did not become healthy; what was started is stopped again.
    """
    with launcher.locked():
        require_no_rollout(launcher)
        turn = last_turn(launcher.ledger, launcher.project, launcher.environment)
        live = [
            instance for instance in launcher.recorded() if instance.state is InstanceState.RUNNING
        ]
    lost = [instance for instance in live if is_lost(instance)]
    release = live_release(launcher)
    if not live:
        return None
    started = launcher.start_again(lost)
    instances = [*superfluous(lost, live), *started]
    with _ended_on_failure(launcher, public_ports, started):
        _require_health(launcher, started, _patience(lost))
        urls, _ = _move_traffic(launcher, public_ports, instances, live, turn)
    launcher.stop(lost, STOP_GRACE_SECONDS)
    return _launched(release, instances, started, lost, urls) if release else None


def shut_down(
    launcher: Launcher, public_ports: PublicPorts, grace_seconds: float
) -> list[Instance]:
    """Stop all that runs there, warm replicas too; return what was stopped.

    Raises:
        BusyError: A rollout is moving its traffic.
        EndingError: Processes are left that cannot be ended.
    """
    with launcher.locked():
        require_no_rollout(launcher)
        doomed = launcher.mark_for_stop()
        public_ports.withdraw({instance.service for instance in doomed}, launcher.clock())
    launcher.stop(doomed, grace_seconds)
    return doomed


def _serves(release: Release, recorded: list[Instance]) -> bool:
    """Tell whether ``release`` is meant to serve already, so that its commands before have run."""
    return any(
        instance.release == release.digest and instance.state is InstanceState.RUNNING
        for instance in recorded
    )


def _require_health(launcher: Launcher, instances: list[Instance], patience: float) -> None:
    answers = launcher.healthy(instances, patience)
    if unhealthy := [answer for answer in answers if not answer.ok]:
        if reason := ended_by_another_run(launcher, [answer.instance for answer in unhealthy]):
            raise LaunchError(reason)
        failed = [answer.instance for answer in unhealthy if answer.final] or [
            answer.instance for answer in unhealthy
        ]
        serving = superfluous(instances, launcher.live())
        still = [f"Version {serving[-1].version} still serves."] if serving else []
        raise LaunchError("\n".join([answer.detail for answer in unhealthy] + still), failed)


@contextmanager
def _ended_on_failure(
    launcher: Launcher, public_ports: PublicPorts, new: list[Instance]
) -> Iterator[None]:
    """End the ``new`` instances where the block fails; only the logs of what failed are left.

    They are ended on a cancelled run too, as nothing else would ever end them.
    """
    try:
        yield
    except BaseException as error:
        route_away(launcher.ledger, public_ports.router, new, launcher.clock())
        launcher.stop(new, 0)
        failed = error.failed if isinstance(error, LaunchError) else ()
        remove_folders(superfluous(failed, new))
        raise


def _move_traffic(
    launcher: Launcher,
    public_ports: PublicPorts,
    instances: list[Instance],
    recorded: list[Instance],
    turn: Turn,
) -> tuple[dict[str, str], list[Instance]]:
    """Move the traffic from what served to ``instances``, which serve from then on.

    When this process dies in the middle, the old ones serve: the reconciler leads the traffic back.

    Args:
        launcher: The launcher of the project in its environment.
        public_ports: The public ports there.
        instances: The instances that are to serve.
        recorded: The instances that were recorded when this launch began.
        turn: The turn that this launch took then.

    Returns:
        The URLs, and the instances that have lost the traffic.

    Raises:
        BusyError: A rollout has begun meanwhile; it decides what serves.
        LaunchError: Somebody is stopping them, or has launched something else since; what
            served has the traffic.
    """
    with launcher.locked():
        require_no_rollout(launcher)
        current = launcher.recorded()
        if is_overtaken(launcher.ledger, turn):
            return public_ports.urls(shared_services(launcher, instances)), []
        earlier_ids = {instance.id for instance in recorded}
        old = superfluous(
            instances, [instance for instance in current if _is_replaced(instance, earlier_ids)]
        )
        urls = public_ports.publish(instances, launcher.clock())
        gone = {instance.service for instance in old} - {instance.service for instance in instances}
        public_ports.withdraw(gone, launcher.clock())
        if not launcher.hand_over(instances, old, turn):
            route_away(launcher.ledger, public_ports.router, instances, launcher.clock())
            raise LaunchError(ended_by_another_run(launcher, instances))
    return urls, old


def _is_replaced(instance: Instance, earlier_ids: Collection[str]) -> bool:
    """Tell whether an instance is replaced: it serves, or was being started before this launch."""
    starting = instance.state is InstanceState.STARTING and instance.id in earlier_ids
    return starting or instance.state is InstanceState.RUNNING


def _drain(old: list[Instance], seconds: float) -> None:
    """Wait until the requests in flight at ``old`` are answered, at most ``seconds``."""
    ports = {
        instance.port for instance in old if instance.port is not None and is_running(instance)
    }
    drain(ports, seconds, time.monotonic, lambda: time.sleep(_PAUSE_SECONDS))


def _patience(lost: list[Instance]) -> float:
    """Return how long instances that are started again may take to become healthy."""
    recorded = [instance.configuration.get("service", {}) for instance in lost]
    default = ServiceSpec().health_timeout_seconds
    return max(
        (float(instance.get("health_timeout_seconds", default)) for instance in recorded),
        default=0.0,
    )


def _launched(
    release: Release,
    instances: list[Instance],
    new: list[Instance],
    old: list[Instance],
    urls: dict[str, str],
) -> Launched:
    return Launched(
        release,
        tuple(replace(instance, state=InstanceState.RUNNING) for instance in instances),
        tuple(instance.id for instance in new),
        tuple(instance.id for instance in old),
        urls,
        tuple(
            instance.service for instance in superfluous(new, instances) if not is_running(instance)
        ),
    )
