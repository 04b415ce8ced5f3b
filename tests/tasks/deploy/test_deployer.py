"""The deployer with real processes, a real ledger and real slots; only Caddy is left out."""

import asyncio
import http.client
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from benchmarks.free_ports import free_ports
from benchmarks.rollout_runner import ENVIRONMENT, HOST, PROJECT, make_deployer
from blocks.providers.process import detached
from tasks.cancellation import in_thread, is_cancelled
from tasks.deploy.deployer import Deployer
from tasks.deploy.report import RolloutReport
from tasks.deploy.rollout import Phase, Rollout
from tasks.errors import BadInputError, BusyError
from tasks.holder import acting_as
from tasks.ledger.instances import instances
from tasks.ledger.ports import ports
from tasks.ledger.releases import releases
from tasks.ledger.rollouts import open_rollouts
from tasks.narration import narrated
from tasks.presence import is_running
from tasks.release import Instance, InstanceState

pytestmark = pytest.mark.integration

FRONT = free_ports(200)


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[Deployer]:
    """Return a deployer; whatever it started is stopped in the end."""
    deployer = make_deployer(tmp_path, FRONT)
    yield deployer
    deployer.runner.stop(instances(deployer.ledger), 1)
    deployer.ledger.close()


def _in_state(deployer: Deployer, state: InstanceState) -> list[Instance]:
    return instances(deployer.ledger, PROJECT, ENVIRONMENT, [state])


def _alive(deployer: Deployer) -> set[str]:
    recorded = instances(deployer.ledger)
    return {instance.version for instance in recorded if is_running(instance)}


def _versions_served(deployer: Deployer) -> set[str]:
    served = set()
    for upstream in deployer.router.upstreams(FRONT):
        connection = http.client.HTTPConnection(upstream, timeout=10)
        connection.request("GET", "/")
        served.add(connection.getresponse().read().decode())
        connection.close()
    return served


def test_a_deploy_moves_the_traffic_and_keeps_the_old_release_warm(deployer: Deployer) -> None:
    """Otherwise nothing is deployed, or there is nothing to roll back to."""
    first = deployer.deploy("one")
    assert first.succeeded
    assert first.urls == {"web": f"http://{HOST}:{FRONT}/"}
    second = deployer.deploy("two")
    assert (second.from_version, second.to_version, second.warm) == ("one", "two", True)
    assert _versions_served(deployer) == {"two"}
    assert _alive(deployer) == {"one", "two"}
    assert {instance.version for instance in _in_state(deployer, InstanceState.WARM)} == {"one"}


def test_only_one_release_is_kept_warm(deployer: Deployer) -> None:
    """Otherwise every deploy leaves processes behind for ever."""
    for version in ("one", "two", "three"):
        deployer.deploy(version)
    assert _alive(deployer) == {"two", "three"}
    leased = {lease.port for lease in ports(deployer.ledger)} - {FRONT}
    assert len(leased) == 4


def test_a_rollback_goes_back_to_the_warm_processes(deployer: Deployer) -> None:
    """Otherwise a rollback takes a start, when every second counts."""
    deployer.deploy("one")
    upstreams = set(deployer.router.upstreams(FRONT))
    deployer.deploy("two")
    report = deployer.rollback()
    assert report.succeeded
    assert set(deployer.router.upstreams(FRONT)) == upstreams
    assert _versions_served(deployer) == {"one"}
    assert {instance.version for instance in _in_state(deployer, InstanceState.WARM)} == {"two"}


def test_a_rollback_starts_what_is_no_longer_warm(deployer: Deployer) -> None:
    """Otherwise a rollback sends the traffic to the dead."""
    deployer.deploy("one")
    deployer.deploy("two")
    for instance in _in_state(deployer, InstanceState.WARM):
        detached.stop(instance.directory, 1)
    report = deployer.rollback()
    assert report.succeeded
    assert _versions_served(deployer) == {"one"}


class Killed(BaseException):
    """Ends a controller where it stands, as a `kill -9` does: nothing of it goes on."""


def test_a_rollback_that_died_after_its_switch_is_finished_by_the_next_one(
    deployer: Deployer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: "start it again", as a crashed run says, brings the bad version back."""
    deployer.deploy("one")
    deployer.deploy("two")

    def die(rollout: Rollout) -> None:
        """Die when the traffic has moved."""
        if rollout.phase is Phase.DRAINING:
            raise Killed

    monkeypatch.setattr(deployer, "on_change", die)
    with pytest.raises(Killed):
        deployer.rollback()
    assert _versions_served(deployer) == {"one"}
    monkeypatch.undo()
    monkeypatch.setattr(deployer, "_owner_alive", lambda _owner: False)
    again = deployer.rollback()
    assert (again.succeeded, again.to_version) == (True, "one")
    assert _versions_served(deployer) == {"one"}
    monkeypatch.undo()
    assert deployer.rollback().to_version == "two"
    assert _versions_served(deployer) == {"two"}


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.GATING, Phase.SHIFTING])
async def test_what_is_cancelled_before_it_serves_is_taken_back(
    deployer: Deployer, phase: Phase
) -> None:
    """Broken: who cancels a deploy gets the new version all the same, and is not told."""
    deployer.deploy("one")
    loop = asyncio.get_running_loop()

    def said(rollout: Rollout) -> None:
        """Cancel the deploy when it has come so far, and go on when it has been told."""
        if rollout.phase is phase:
            loop.call_soon_threadsafe(deploying.cancel)
            while not is_cancelled():
                time.sleep(0.01)

    deployer.on_change = said
    deploying = asyncio.create_task(in_thread(lambda: deployer.deploy("two")))
    with pytest.raises(asyncio.CancelledError):
        await deploying
    assert _versions_served(deployer) == {"one"}
    assert _alive(deployer) == {"one"}
    assert open_rollouts(deployer.ledger) == []


@pytest.mark.parametrize("phase", [Phase.STARTING, Phase.GATING, Phase.SHIFTING])
async def test_a_rollback_withdraws_a_deploy_that_has_not_switched(
    deployer: Deployer, tmp_path: Path, phase: Phase
) -> None:
    """Broken: who rolls back in need waits for, or is refused by, what made it worse."""
    deployer.deploy("one")
    deployer.deploy("two")
    other, lines = make_deployer(tmp_path, FRONT), list[str]()
    reached, over = threading.Event(), threading.Event()

    def pause(rollout: Rollout) -> None:
        """Go on from that phase when the rollback has asked for it."""
        reached.set() if rollout.phase is phase else None
        while rollout.phase is phase and not (is_cancelled() or over.is_set()):
            time.sleep(0.01)

    async def roll_back() -> RolloutReport:
        """Roll back, once the deploy has come so far."""
        await asyncio.to_thread(reached.wait)
        try:
            with acting_as("the run 'rollback shop' (1)"):
                async with narrated(lines.append):
                    return await in_thread(other.rollback)
        finally:
            over.set()

    deployer.on_change = pause
    deployed, back = await asyncio.gather(
        asyncio.to_thread(lambda: deployer.deploy("three")), roll_back()
    )
    assert deployed.phase is Phase.REVERTED
    assert "for a rollback, by the run 'rollback shop' (1)" in deployed.reason
    assert (deployed.withdrawn, deployed.serves) == (True, "one")
    assert lines[0].startswith("Waiting for the deploy of three to be withdrawn")
    assert back.succeeded
    assert _versions_served(deployer) == {"one"}
    assert _alive(deployer) == {"one", "two"}
    other.ledger.close()


@pytest.mark.parametrize(
    ("follow", "serves"),
    [(Deployer.rollback, "one"), (lambda other: other.deploy("three"), "three")],
    ids=["rollback", "deploy"],
)
async def test_what_comes_after_a_deploy_that_has_switched_waits_for_it_and_says_so(
    deployer: Deployer,
    tmp_path: Path,
    follow: Callable[[Deployer], RolloutReport],
    serves: str,
) -> None:
    """Broken: it is refused, or nobody knows for what it waits."""
    deployer.deploy("one")
    other, lines = make_deployer(tmp_path, FRONT), list[str]()
    draining, over = threading.Event(), threading.Event()

    def pause(rollout: Rollout) -> None:
        """Have the requests in flight last until somebody waits for them."""
        draining.set() if rollout.phase is Phase.DRAINING else None
        while rollout.phase is Phase.DRAINING and not (lines or over.is_set()):
            time.sleep(0.01)

    async def next_one() -> RolloutReport:
        """Ask for it, once the deploy has switched."""
        await asyncio.to_thread(draining.wait)
        try:
            async with narrated(lines.append):
                return await in_thread(lambda: follow(other))
        finally:
            over.set()

    deployer.on_change = pause
    deployed, report = await asyncio.gather(
        asyncio.to_thread(lambda: deployer.deploy("two")), next_one()
    )
    assert deployed.succeeded
    assert lines[0].startswith("Waiting for the end of the deploy of two: it has moved")
    assert report.to_version == serves
    assert _versions_served(deployer) == {serves}
    other.ledger.close()


def test_a_rollback_without_a_former_release_is_bad_input(deployer: Deployer) -> None:
    """Otherwise the only release is taken off the air."""
    deployer.deploy("one")
    with pytest.raises(BadInputError, match="no former release"):
        deployer.rollback()
    assert _versions_served(deployer) == {"one"}


def test_a_broken_version_never_serves_and_leaves_nothing(deployer: Deployer) -> None:
    """Otherwise a bad version is served, or its processes, ports and folders pile up."""
    deployer.deploy("one")
    leases = ports(deployer.ledger)
    served = deployer.router.upstreams(FRONT)
    report = deployer.deploy("broken")
    assert report.phase is Phase.REVERTED
    assert "answers 500" in report.reason
    assert Phase.SHIFTING not in dict(report.phases)
    assert deployer.router.upstreams(FRONT) == served
    assert _versions_served(deployer) == {"one"}
    assert _alive(deployer) == {"one"}
    assert ports(deployer.ledger) == leases
    assert [release.version for release in releases(deployer.ledger, PROJECT)] == ["one"]
    folder = releases(deployer.ledger, PROJECT)[0].path
    assert list(folder.parent.iterdir()) == [folder]


def test_a_first_version_that_is_broken_leaves_nothing_at_all(deployer: Deployer) -> None:
    """Otherwise a failed first deploy holds ports for ever."""
    report = deployer.deploy("broken")
    assert report.phase is Phase.REVERTED
    assert _alive(deployer) == set()
    assert [lease for lease in ports(deployer.ledger) if lease.released_at is None] == []
    assert deployer.router.upstreams(FRONT) == ()


def test_a_broken_version_that_was_built_before_is_kept_on_disk(deployer: Deployer) -> None:
    """Otherwise a rollout removes what somebody else built and may run elsewhere."""
    deployer.runner.build("broken")
    deployer.deploy("broken")
    assert [release.version for release in releases(deployer.ledger, PROJECT)] == ["broken"]


def test_a_build_that_fails_is_raised_and_the_rollout_is_over(deployer: Deployer) -> None:
    """Otherwise the next deploy is told for ever that another one is at work."""
    deployer.deploy("one")
    changes: list[Rollout] = []
    deployer.on_change = changes.append
    with pytest.raises(OSError, match="the build failed"):
        deployer.deploy("unbuildable")
    assert {rollout.from_version for rollout in changes} == {"one"}
    assert open_rollouts(deployer.ledger) == []
    assert _versions_served(deployer) == {"one"}


def test_an_unknown_strategy_is_refused_before_anything_starts(deployer: Deployer) -> None:
    """Otherwise a typing error ships by another strategy than was asked for."""
    with pytest.raises(BadInputError, match="blue_green"):
        deployer.deploy("one", "cannary")
    assert instances(deployer.ledger) == []


def test_a_second_deploy_at_the_same_time_is_refused(deployer: Deployer, tmp_path: Path) -> None:
    """Otherwise two controllers move the same traffic to and fro."""
    other = make_deployer(tmp_path, FRONT)
    refusals: list[str] = []

    def interfere(rollout: Rollout) -> None:
        if rollout.phase is Phase.GATING:
            with pytest.raises(BusyError) as refused:
                other.deploy("two")
            refusals.append(str(refused.value))

    deployer.on_change = interfere
    assert deployer.deploy("one").succeeded
    assert len(refusals) == 1
    place = f"{PROJECT}/{ENVIRONMENT}"
    assert refusals[0].startswith(f"{place} is being deployed by another run (gating).")


def test_redeploying_the_version_that_serves_replaces_its_processes(deployer: Deployer) -> None:
    """Otherwise a redeploy confuses the new instances with the old of the same release."""
    deployer.deploy("one")
    deployer.deploy("two")
    upstreams = set(deployer.router.upstreams(FRONT))
    assert deployer.deploy("two").succeeded
    assert not upstreams & set(deployer.router.upstreams(FRONT))
    assert _versions_served(deployer) == {"two"}
    assert {instance.version for instance in _in_state(deployer, InstanceState.WARM)} == {"one"}
    assert deployer.rollback().to_version == "one"


def test_no_process_of_the_application_outlives_its_stop(
    deployer: Deployer, tmp_path: Path
) -> None:
    """Otherwise `make demo` leaves processes behind."""
    deployer.deploy("one")
    deployer.deploy("two")
    deployer.runner.stop(instances(deployer.ledger), 5)
    survivors = [
        process for process in psutil.process_iter(["cmdline"]) if _mentions(process, tmp_path)
    ]
    assert survivors == []


def _mentions(process: psutil.Process, folder: Path) -> bool:
    return any(str(folder) in argument for argument in process.info["cmdline"] or [])
