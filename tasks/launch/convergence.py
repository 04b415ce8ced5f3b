"""Makes what runs into what is wanted: adopts, starts, waits, routes, and only then stops."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from blocks.project_spec import ServiceSpec
from tasks.drain import drain
from tasks.launch.desired import superfluous
from tasks.launch.launcher import Launcher, LaunchError
from tasks.launch.precedence import is_passed_on, require_no_rollout, shared, taken_away
from tasks.launch.public_ports import PublicPorts, lead_away
from tasks.launch.standing import live_instance, live_release
from tasks.launch.starter import remove_folders
from tasks.ledger.turns import Turn, is_overtaken, last_turn
from tasks.presence import is_lost, is_running
from tasks.release import Instance, InstanceState, Release

STOP_GRACE_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


@dataclass(frozen=True, slots=True)
class Launched:
    """What runs now; ``urls`` is where its services are reached, by name.

    ``ended`` is the service of each replica that has come to its end, and whose restart policy
    leaves it so.
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
    launcher: Launcher, release: Release, fronts: PublicPorts, *, fresh: bool = False
) -> Launched:
    """Have ``release`` serve as it is configured; ``fresh``: with new processes in any case.

    What served before, or with another configuration, is stopped when the new ones are healthy,
    have the traffic, and the requests in flight are answered.

    Raises:
        BadInputError: A command or variable cannot be used; nothing was started then.
        BeforeError: What has to succeed before it serves did not; nothing was started then.
        BusyError: A rollout is moving its traffic, or no front port is free.
        LaunchError: It did not become healthy; what was started is stopped again, and what
            served before still does.
    """
    with launcher.alone():
        require_no_rollout(launcher)
        turn = launcher.turn()
        before = launcher.recorded()
    # Other processes of the same release do not apply what would need another release.
    standing = live_instance(launcher) if fresh else None
    chosen_by = standing.configuration.get("release") if standing else None
    services = launcher.services(release)
    with fronts.taken(services, launcher.clock, lambda: is_passed_on(launcher, turn)):
        if not _serves(release, before):
            launcher.prepare(release)
        instances = launcher.start(release, fresh=fresh, chosen_by=chosen_by)
        new = superfluous(before, instances)
        patience = max((one.health_timeout_seconds for one in services.values()), default=0.0)
        with _in_vain(launcher, fronts, new):
            _require_health(launcher, instances, patience)
            urls, old = _move_traffic(launcher, fronts, instances, before, turn)
    launcher.describe(superfluous(new, instances))
    _drain(old, max((one.drain_seconds for one in services.values()), default=0.0))
    launcher.stop(old, STOP_GRACE_SECONDS)
    return _launched(release, instances, new, old, urls)


def revive(launcher: Launcher, fronts: PublicPorts) -> Launched | None:
    """Start again, as it was, what should run and does not; None where nothing should.

    Version, configuration and number of replicas stay what was live, whatever is configured now.

    Raises:
        BadInputError: A release is no longer on disk; nothing was started then.
        BusyError: A rollout is moving its traffic.
        LaunchError: It did not become healthy; what was started is stopped again.
    """
    with launcher.alone():
        require_no_rollout(launcher)
        turn = last_turn(launcher.ledger, launcher.project, launcher.environment)
        live = [one for one in launcher.recorded() if one.state is InstanceState.RUNNING]
    lost = [one for one in live if is_lost(one)]
    release = live_release(launcher)
    if not live:
        return None
    started = launcher.start_again(lost)
    instances = [*superfluous(lost, live), *started]
    with _in_vain(launcher, fronts, started):
        _require_health(launcher, started, _patience(lost))
        urls, _ = _move_traffic(launcher, fronts, instances, live, turn)
    launcher.stop(lost, STOP_GRACE_SECONDS)
    return _launched(release, instances, started, lost, urls) if release else None


def shut_down(launcher: Launcher, fronts: PublicPorts, grace_seconds: float) -> list[Instance]:
    """Stop all that runs there, warm replicas too; return what was stopped.

    Raises:
        BusyError: A rollout is moving its traffic.
        EndingError: Processes are left that cannot be ended.
    """
    with launcher.alone():
        require_no_rollout(launcher)
        doomed = launcher.condemn()
        fronts.withdraw({one.service for one in doomed}, launcher.clock())
    launcher.stop(doomed, grace_seconds)
    return doomed


def _serves(release: Release, recorded: list[Instance]) -> bool:
    """Tell whether ``release`` is meant to serve already: what comes before that is past then."""
    return any(
        one.release == release.digest and one.state is InstanceState.RUNNING for one in recorded
    )


def _require_health(launcher: Launcher, instances: list[Instance], patience: float) -> None:
    answers = launcher.healthy(instances, patience)
    if sick := [one for one in answers if not one.ok]:
        if told := taken_away(launcher, [one.instance for one in sick]):
            raise LaunchError(told)
        failed = [one.instance for one in sick if one.final] or [one.instance for one in sick]
        raise LaunchError("\n".join(one.detail for one in sick), failed)


@contextmanager
def _in_vain(launcher: Launcher, fronts: PublicPorts, new: list[Instance]) -> Iterator[None]:
    """End ``new`` where what is done with them fails; only the logs of what failed are left.

    So it is when a run is cancelled: nobody would ever look at what was started.
    """
    try:
        yield
    except BaseException as error:
        lead_away(launcher.ledger, fronts.router, new, launcher.clock())
        launcher.stop(new, 0)
        failed = error.failed if isinstance(error, LaunchError) else ()
        remove_folders(superfluous(failed, new))
        raise


def _move_traffic(
    launcher: Launcher,
    fronts: PublicPorts,
    instances: list[Instance],
    before: list[Instance],
    turn: Turn,
) -> tuple[dict[str, str], list[Instance]]:
    """Move the traffic from what served to ``instances``, which serve from then on.

    Who dies in the middle leaves the old ones serving: the reconciler leads the traffic back.

    Args:
        launcher: What is at work there.
        fronts: The front ports.
        instances: What is to serve.
        before: What was recorded when this launch began.
        turn: The one it took then.

    Returns:
        The URLs, and what has the traffic no more.

    Raises:
        BusyError: A rollout has begun meanwhile; it decides what serves.
        LaunchError: Somebody is stopping them, or has launched something else since; what
            served has the traffic.
    """
    with launcher.alone():
        require_no_rollout(launcher)
        now = launcher.recorded()
        if is_overtaken(launcher.ledger, turn):
            return fronts.urls(shared(launcher, instances)), []
        known = {one.id for one in before}
        old = superfluous(instances, [one for one in now if _is_replaced(one, known)])
        urls = fronts.publish(instances, launcher.clock())
        gone = {one.service for one in old} - {one.service for one in instances}
        fronts.withdraw(gone, launcher.clock())
        if not launcher.hand_over(instances, old, turn):
            lead_away(launcher.ledger, fronts.router, instances, launcher.clock())
            raise LaunchError(taken_away(launcher, instances))
    return urls, old


def _is_replaced(recorded: Instance, before: Collection[str]) -> bool:
    """Tell whether it gives way: what serves, and what was being started before."""
    starting = recorded.state is InstanceState.STARTING and recorded.id in before
    return starting or recorded.state is InstanceState.RUNNING


def _drain(old: list[Instance], seconds: float) -> None:
    """Wait until the requests that ``old`` have are answered, at most ``seconds``."""
    ports = {one.port for one in old if one.port is not None and is_running(one)}
    drain(ports, seconds, time.monotonic, lambda: time.sleep(_PAUSE_SECONDS))


def _patience(lost: list[Instance]) -> float:
    """Return how long those that were started again may take to become healthy."""
    recorded = [one.configuration.get("service", {}) for one in lost]
    default = ServiceSpec().health_timeout_seconds
    return max((float(one.get("health_timeout_seconds", default)) for one in recorded), default=0.0)


def _launched(
    release: Release,
    instances: list[Instance],
    new: list[Instance],
    old: list[Instance],
    urls: dict[str, str],
) -> Launched:
    return Launched(
        release,
        tuple(replace(one, state=InstanceState.RUNNING) for one in instances),
        tuple(one.id for one in new),
        tuple(one.id for one in old),
        urls,
        tuple(one.service for one in superfluous(new, instances) if not is_running(one)),
    )
