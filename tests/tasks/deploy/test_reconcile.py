"""A controller killed at any point: pure over all points, and with real processes at some."""

import http.client
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.free_ports import free_ports
from benchmarks.rollout_runner import ENVIRONMENT, PROJECT, make_deployer
from blocks.providers.process import detached
from tasks.deploy.deployer import Deployer
from tasks.deploy.effects import (
    BeforeRan,
    BuildRelease,
    Built,
    Drain,
    Effect,
    Gate,
    GateRefused,
    Nothing,
    Observation,
    Passed,
    Retire,
    Retired,
    Route,
    RunBefore,
    Shift,
    Shifted,
    Start,
    Started,
    Survey,
    TrafficDrained,
    Undo,
    Undone,
)
from tasks.deploy.reconcile import ObservedState, reconcile_rollouts, resolve_orphan
from tasks.deploy.rollout import Phase, Rollout, RolloutKind
from tasks.deploy.state_machine import advance, begin
from tasks.deploy.survey import address, survey
from tasks.ledger.instances import instances
from tasks.ledger.rollouts import open_rollouts
from tasks.presence import is_running
from tasks.release import Instance, InstanceState

FRONT = free_ports(200)
APPS_LOW = FRONT + 100
OLD, NEW = "a" * 64, "b" * 64


class KilledError(Exception):
    """The controller is no more."""


class World:
    """What a rollout acts on, in memory; every single change may be the controller's last."""

    def __init__(self, life: int) -> None:
        self.life = life
        self.there: dict[str, Instance] = {}
        self.alive: set[str] = set()
        self.upstreams: tuple[str, ...] = ()
        self.started = 0

    def tick(self) -> None:
        """Use up one change."""
        self.life -= 1
        if self.life == 0:
            raise KilledError

    def start(self, release: str, state: InstanceState) -> str:
        """Record an instance, then start its process."""
        self.started += 1
        identifier = f"{release[0]}{self.started}"
        self.there[identifier] = Instance(
            id=identifier,
            project="shop",
            environment="prod",
            service="web",
            replica=0,
            release=release,
            version=release[0],
            directory=Path("/nowhere") / identifier,
            host="127.0.0.1",
            port=20000 + self.started,
            state=state,
            started_at=1.0,
        )
        self.tick()
        self.alive.add(identifier)
        self.tick()
        return identifier

    def set_state(self, ids: tuple[str, ...], state: InstanceState) -> None:
        """Record what ``ids`` are meant to be."""
        for instance_id in ids:
            if instance_id in self.there:
                self.there[instance_id] = replace(self.there[instance_id], state=state)
        self.tick()

    def stop(self, ids: tuple[str, ...]) -> None:
        """End processes, then their records."""
        for instance_id in ids:
            self.alive.discard(instance_id)
            self.tick()
            self.there.pop(instance_id, None)
            self.tick()

    def route(self, upstreams: tuple[str, ...]) -> None:
        """Switch the traffic."""
        self.tick()
        self.upstreams = upstreams
        self.tick()

    def perform(self, rollout: Rollout, effect: Effect, healthy: bool) -> Observation:
        """Do what the real effects do, in their order."""
        match effect:
            case BuildRelease():
                self.tick()
                return Built(NEW, "b", fresh=True)
            case Survey():
                surveyed = survey(self.there, self.upstreams, self._is_alive, rollout.to_release)
                self.tick()
                return surveyed
            case RunBefore():
                self.tick()
                return BeforeRan()
        return self.bring_up(effect, healthy)

    def bring_up(self, effect: Effect, healthy: bool) -> Observation:
        """Start and gate."""
        match effect:
            case Start(release):
                return Started(tuple(self.start(release, InstanceState.STARTING) for _ in range(2)))
            case Gate(ids):
                if not healthy or not set(ids) <= self.alive:
                    return GateRefused("it is ill")
                upstreams = tuple(address(self.there[instance_id]) for instance_id in ids)
                return Passed((Route("web", 8300, self.upstreams, upstreams),))
        return self.hand_over(effect)

    def hand_over(self, effect: Effect) -> Observation:
        """Do the second half, which a reconciler does as well."""
        match effect:
            case Shift(routes, arriving, leaving):
                for route in routes:
                    self.route(route.after)
                self.set_state(arriving, InstanceState.RUNNING)
                self.set_state(leaving, InstanceState.DRAINING)
                return Shifted()
            case Drain():
                return TrafficDrained(quiet=True)
            case Retire(running, warm, stop):
                self.set_state(running, InstanceState.RUNNING)
                self.set_state(warm, InstanceState.WARM)
                self.stop(stop)
                return Retired()
            case Undo(routes, serving, warm, stop):
                for route in routes:
                    self.route(route.before)
                self.set_state(serving, InstanceState.RUNNING)
                self.set_state(warm, InstanceState.WARM)
                self.stop(stop)
                return Undone()
        raise AssertionError(effect)

    def _is_alive(self, instance: Instance) -> bool:
        return instance.id in self.alive


def _world(serving: str, warm: bool) -> World:
    world = World(life=0)
    if warm:
        world.start(NEW, InstanceState.WARM)
    if serving:
        first = world.start(serving, InstanceState.RUNNING)
        world.upstreams = (address(world.there[first]),)
    return world


def _control(world: World, rollout: Rollout, healthy: bool) -> Rollout:
    """Run until the end or the kill; returns what had been saved."""
    saved, effect = begin(rollout, now=1.0)
    try:
        while not isinstance(effect, Nothing):
            world.tick()
            saved, effect = advance(saved, world.perform(saved, effect, healthy), now=2.0)
    except KilledError:
        pass
    return saved


def _reconcile(world: World, saved: Rollout, life: int = 0) -> Rollout:
    """Bring it to its end; with a ``life``, the reconciler is killed as well."""
    world.life = life
    rollout, effect = resolve_orphan(
        saved, ObservedState(world.there, world.alive, world.upstreams), now=3.0
    )
    saved = rollout
    try:
        while not isinstance(effect, Nothing):
            saved, effect = advance(saved, world.hand_over(effect), now=4.0)
    except KilledError:
        return _reconcile(world, saved)
    return saved


@given(
    serving=st.sampled_from(["", OLD, NEW]),
    warm=st.booleans(),
    kind=st.sampled_from(RolloutKind),
    healthy=st.booleans(),
    life=st.integers(1, 40),
    second_life=st.integers(0, 12),
    killed_as_well=st.sampled_from(["nothing", "arriving", "serving"]),
    handed_on=st.booleans(),
)
def test_a_killed_controller_leaves_exactly_one_live_release(
    *,
    serving: str,
    warm: bool,
    kind: RolloutKind,
    healthy: bool,
    life: int,
    second_life: int,
    killed_as_well: str,
    handed_on: bool,
) -> None:
    """Otherwise a crash in mid-rollout takes the service off the air, or leaves strays."""
    world = _world(serving, warm)
    former = set(world.there)
    world.life = life
    to_release = NEW if kind is RolloutKind.ROLLBACK or handed_on else ""
    saved = _control(world, Rollout("shop", "prod", "b", kind, to_release=to_release), healthy)
    if killed_as_well != "nothing":
        world.alive -= set(saved.arriving if killed_as_well == "arriving" else saved.serving)
    if not saved.over:
        saved = _reconcile(world, saved, second_life)
    assert saved.over
    assert not to_release or saved.to_release == to_release
    running = {
        instance.id: instance.release
        for instance in world.there.values()
        if instance.state is InstanceState.RUNNING
    }
    routed = {
        instance.id: instance.release
        for instance in world.there.values()
        if address(instance) in world.upstreams
    }
    states = {instance.state for instance in world.there.values()}
    assert len(set(running.values())) <= 1
    assert states <= {InstanceState.RUNNING, InstanceState.WARM}
    assert world.alive <= set(world.there)
    if saved.routes or serving:
        assert routed == running
    if killed_as_well == "nothing":
        assert len(set(running.values())) == (1 if serving or saved.phase == "done" else 0)
        assert all(instance.id in world.alive for instance in world.there.values())
    if saved.phase == "reverted":
        assert set(world.there) <= former
        assert killed_as_well != "nothing" or set(world.there) == former


def _deployer(tmp_path: Path) -> Iterator[Deployer]:
    deployer = make_deployer(tmp_path, FRONT)
    yield deployer
    deployer.runner.stop(instances(deployer.ledger), 1)
    deployer.ledger.close()


deployer = pytest.fixture(_deployer)


def _killed_controller(folder: Path, version: str, point: int) -> int:
    module = [sys.executable, "-m", "benchmarks.rollout_runner"]
    argv = [*module, str(folder), str(FRONT), version, str(point)]
    return subprocess.run(argv, check=False, timeout=120).returncode


def _reconcile_really(
    deployer: Deployer, on_end: Callable[[Rollout], None] = lambda _rollout: None
) -> list[str]:
    return reconcile_rollouts(
        deployer.ledger,
        deployer.router,
        lambda orphans: deployer.runner.stop(orphans, 1),
        deployer.owner,
        detached.owner_alive,
        time.time(),
        on_end=on_end,
    )


def _served(deployer: Deployer) -> set[str]:
    answers = set()
    for upstream in deployer.router.upstreams(FRONT):
        connection = http.client.HTTPConnection(upstream, timeout=10)
        connection.request("GET", "/")
        answers.add(connection.getresponse().read().decode())
        connection.close()
    return answers


def _check_one_release_lives(deployer: Deployer) -> None:
    recorded = instances(deployer.ledger, PROJECT, ENVIRONMENT)
    running = {instance.version for instance in recorded if instance.state is InstanceState.RUNNING}
    expected = {
        instance.id
        for instance in recorded
        if instance.state in {InstanceState.RUNNING, InstanceState.WARM}
    }
    alive = {instance.id for instance in recorded if is_running(instance)}
    assert open_rollouts(deployer.ledger) == []
    assert len(running) == 1
    assert _served(deployer) == running
    assert alive == expected


@pytest.mark.integration
def test_real_controllers_killed_at_many_points_leave_one_release(
    deployer: Deployer, tmp_path: Path
) -> None:
    """Otherwise kill -9 in mid-rollout needs an operator."""
    deployer.deploy("one")
    killed, ended_rollouts = 0, list[Rollout]()
    for point in (2, 6, 11, 15, 18, 21, 24, 27, 30, 33):
        ended = _killed_controller(tmp_path, f"version-{point}", point)
        killed += ended == -signal.SIGKILL
        sentences = _reconcile_really(deployer, ended_rollouts.append)
        assert len(sentences) == (ended == -signal.SIGKILL), sentences
        _check_one_release_lives(deployer)
    assert killed >= 8
    assert len(ended_rollouts) == killed
    assert {rollout.phase for rollout in ended_rollouts} == {Phase.DONE, Phase.REVERTED}


@pytest.mark.integration
def test_the_next_deploy_reconciles_first(deployer: Deployer, tmp_path: Path) -> None:
    """Otherwise a deploy after a crash is refused until somebody tidies up."""
    deployer.deploy("one")
    assert _killed_controller(tmp_path, "two", 15) == -signal.SIGKILL
    assert len(open_rollouts(deployer.ledger)) == 1
    assert deployer.deploy("three").succeeded
    _check_one_release_lives(deployer)
    assert _served(deployer) == {"three"}


@pytest.mark.integration
def test_a_live_controller_is_left_alone(deployer: Deployer) -> None:
    """Otherwise a reconciler undoes what a slow deploy is about to finish."""
    rounds: list[list[str]] = []
    deployer.on_change = lambda _rollout: rounds.append(_reconcile_really(deployer))
    assert deployer.deploy("one").succeeded
    assert rounds
    assert not any(rounds)
