"""Makes what runs into what is wanted: adopts, starts, waits, routes, and only then stops."""

from __future__ import annotations

from dataclasses import dataclass, replace

from tasks.errors import BadInputError, BusyError
from tasks.launch.desired import superfluous
from tasks.launch.fronts import Fronts, lead_away
from tasks.launch.launcher import Launcher, LaunchError
from tasks.ledger.releases import find_release
from tasks.ledger.rollouts import open_rollouts
from tasks.release import Instance, InstanceState, Release

_REPLACED = frozenset({InstanceState.STARTING, InstanceState.RUNNING})


@dataclass(frozen=True, slots=True)
class Launched:
    """What runs now; ``urls`` is where its services are reached, by name."""

    release: Release
    instances: tuple[Instance, ...]
    started: tuple[str, ...]
    stopped: tuple[str, ...]
    urls: dict[str, str]

    def __str__(self) -> str:
        where = ", ".join(f"{name} at {url}" for name, url in self.urls.items()) or "no port"
        adopted = len(self.instances) - len(self.started)
        return (
            f"{self.release.project} {self.release.version}: {len(self.started)} started, "
            f"{adopted} adopted, {len(self.stopped)} stopped; {where}"
        )


def converge(
    launcher: Launcher, release: Release, fronts: Fronts, *, fresh: bool = False
) -> Launched:
    """Have ``release`` serve; ``fresh``: with new processes, although it may already.

    What served before is stopped when the new ones are healthy and have the traffic.

    Raises:
        BadInputError: A command or variable cannot be used; nothing was started then.
        BeforeError: What has to succeed before it serves did not; nothing was started then.
        BusyError: A rollout is moving its traffic, or no front port is free.
        LaunchError: It did not become healthy; what was started is stopped again, and what
            served before still does.
    """
    _require_no_rollout(launcher)
    before = launcher.recorded()
    with fronts.taken(launcher.services(release), launcher.clock):
        if not _serves(release, before):
            launcher.prepare(release)
        instances = launcher.start(release, fresh=fresh)
        new = superfluous(before, instances)
        old = superfluous(instances, [one for one in before if one.state in _REPLACED])
        try:
            _require_health(launcher, release, instances)
            urls = _move_traffic(launcher, fronts, instances, old)
        except BaseException:  # cancelled: nobody would ever look at what was started
            launcher.stop(new, 0)
            raise
    launcher.stop(old, _grace(launcher, release))
    return Launched(
        release,
        tuple(replace(one, state=InstanceState.RUNNING) for one in instances),
        tuple(one.id for one in new),
        tuple(one.id for one in old),
        urls,
    )


def shut_down(launcher: Launcher, fronts: Fronts, grace_seconds: float) -> list[Instance]:
    """Stop all that runs there, warm replicas too; return what was stopped.

    Raises:
        BusyError: A rollout is moving its traffic.
        EndingError: Processes are left that cannot be ended.
    """
    _require_no_rollout(launcher)
    doomed = launcher.condemn()
    fronts.withdraw({one.service for one in doomed}, launcher.clock())
    launcher.stop(doomed, grace_seconds)
    return doomed


def live_release(launcher: Launcher) -> Release | None:
    """Return the release that is meant to serve, whether its processes run or not."""
    for instance in reversed(launcher.recorded()):
        if instance.state is InstanceState.RUNNING:
            release = find_release(launcher.ledger, launcher.project, instance.release)
            if release and release.path.is_dir():
                return release
    return None


def release_to_launch(launcher: Launcher, version: str, *, serves: bool = True) -> Release:
    """Return the release of ``version``, built where it is not; see `Launcher.build`.

    Without a version it is what serves, or should where it has died: bringing a service back
    must not change its version. Where nothing does, it is the project's own version.

    Raises:
        BadInputError: Source, version or kind cannot be used.
        BuildError: The build tool failed.
    """
    standing = None if version else live_release(launcher)
    return standing or launcher.build(version, serves=serves)


def serving_release(launcher: Launcher) -> Release:
    """Return the release that serves, or should.

    Raises:
        BadInputError: Nothing does.
    """
    if release := live_release(launcher):
        return release
    raise BadInputError(
        "project",
        launcher.project,
        f"nothing of it runs in {launcher.environment}",
        "Launch it first.",
    )


def _require_no_rollout(launcher: Launcher) -> None:
    """Leave what a rollout is moving alone: it decides what serves."""
    for row in open_rollouts(launcher.ledger):
        if (row.project, row.environment) == (launcher.project, launcher.environment):
            raise BusyError(
                f"{row.project}/{row.environment}: a rollout is at {row.phase}. "
                "Wait until it is done; one whose run died is settled by the reconciler."
            )


def _serves(release: Release, recorded: list[Instance]) -> bool:
    """Tell whether ``release`` is meant to serve already: what comes before that is past then."""
    return any(
        one.release == release.digest and one.state is InstanceState.RUNNING for one in recorded
    )


def _require_health(launcher: Launcher, release: Release, instances: list[Instance]) -> None:
    patience = max(one.health_timeout_seconds for one in launcher.services(release).values())
    answers = launcher.healthy(instances, patience)
    if sick := [one for one in answers if not one.ok]:
        raise LaunchError("\n".join(one.detail for one in sick))


def _move_traffic(
    launcher: Launcher, fronts: Fronts, instances: list[Instance], old: list[Instance]
) -> dict[str, str]:
    """Move the traffic from ``old`` to ``instances``, which serve from then on; return the URLs.

    Who dies in the middle leaves the old ones serving: the reconciler leads the traffic back.

    Raises:
        LaunchError: Somebody is stopping them; the old ones have the traffic.
    """
    with launcher.alone():
        urls = fronts.publish(instances, launcher.clock())
        gone = {one.service for one in old} - {one.service for one in instances}
        fronts.withdraw(gone, launcher.clock())
        if not launcher.hand_over(instances, old):
            lead_away(launcher.ledger, fronts.router, instances, launcher.clock())
            where = f"{launcher.project} in {launcher.environment}"
            raise LaunchError(f"{where} was stopped while it was being launched.")
    return urls


def _grace(launcher: Launcher, release: Release) -> float:
    return max(one.drain_seconds for one in launcher.services(release).values())
