"""Finds the release that serves an environment, and the release that a launch should start."""

from __future__ import annotations

from tasks.errors import BadInputError
from tasks.launch.applied import release_differences
from tasks.launch.launcher import Launcher
from tasks.ledger.instances import instances
from tasks.ledger.releases import find_release
from tasks.release import LEAVING, Instance, InstanceState, Release


def live_instance(launcher: Launcher) -> Instance | None:
    """Return the instance that is meant to serve, of several the last started, running or not."""
    live = [instance for instance in launcher.recorded() if instance.state is InstanceState.RUNNING]
    return live[-1] if live else None


def live_release(launcher: Launcher) -> Release | None:
    """Return the release that is meant to serve, whether its processes run or not."""
    serving_instance = live_instance(launcher)
    return _on_disk(launcher, serving_instance) if serving_instance else None


def last_served(launcher: Launcher) -> Instance | None:
    """Return the instance that served when all was last stopped; None if nothing ever served."""
    ended = instances(launcher.ledger, launcher.project, launcher.environment, LEAVING)
    served = [instance for instance in ended if instance.served_until is not None]
    return max(served, key=lambda instance: instance.served_until or 0.0, default=None)


def _on_disk(launcher: Launcher, instance: Instance) -> Release | None:
    release = find_release(launcher.ledger, launcher.project, instance.release)
    return release if release and release.path.is_dir() else None


def release_to_launch(launcher: Launcher, version: str, *, serves: bool = True) -> Release:
    """Return the release of ``version``, built where it is not; see `Launcher.build`.

    Without a version the configuration decides: where the project's source or version was changed
    since the launch of the live release, the project's own version is taken. Else the version that
    serves is taken, also one that was deployed by name, and built again where the requirements or
    the kind were changed. What was stopped counts as serving. Where nothing ever served, the
    project's own version is taken.

    Raises:
        BadInputError: Source, version or kind cannot be used.
        BuildError: The build tool failed.
    """
    serving_instance = None if version else live_instance(launcher) or last_served(launcher)
    if serving_instance is None:
        return launcher.build(version, serves=serves)
    today = {"release": launcher.release_record()}
    changed = set(release_differences(serving_instance.configuration, today))
    if changed & {"source", "version"}:
        return launcher.build("", serves=serves)
    live = None if changed else _on_disk(launcher, serving_instance)
    # A source without version control has the digest of its tree as its version.
    named = "" if serving_instance.version == serving_instance.release else serving_instance.version
    return live or launcher.build(named, serves=serves)


def place_of(launcher: Launcher, release: Release) -> str:
    """Return where ``release`` serves or served last, as a part of a sentence; empty: nowhere."""
    instance = live_instance(launcher)
    since = "is live"
    if instance is None:
        instance, since = last_served(launcher), "was live last"
    if instance is None or instance.release != release.digest:
        return ""
    return f", which {since} in {launcher.environment},"


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
