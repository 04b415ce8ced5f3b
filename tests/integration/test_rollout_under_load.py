"""Tests of deploys behind the real Caddy, under keep-alive load that never retries."""

import http.client
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.free_ports import free_ports
from benchmarks.rollout import deploying
from benchmarks.rollout_load import executed_ids, load
from benchmarks.rollout_runner import HOST
from tasks.deploy.deployer import Deployer
from tasks.deploy.rollout import Phase
from tasks.drain import in_flight

pytestmark = pytest.mark.integration

FRONT = free_ports(200)


@pytest.fixture
def deployer(tmp_path: Path) -> Iterator[Deployer]:
    """Return a deployer whose first version is live behind Caddy."""
    with deploying(tmp_path, FRONT) as deployer:
        yield deployer


def _get(path: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection(HOST, FRONT, timeout=60)
    connection.request("GET", path)
    answer = connection.getresponse()
    body = answer.read().decode()
    connection.close()
    return answer.status, body


def test_deploys_and_rollbacks_drop_and_repeat_nothing(deployer: Deployer, tmp_path: Path) -> None:
    """Otherwise users notice a deploy: requests fail, or orders are placed twice."""
    with load(HOST, FRONT) as tally:
        reports = [deployer.deploy(f"version-{turn}") for turn in (1, 2)]
        reports.append(deployer.rollback())
        reports.append(deployer.deploy("version-3"))
    executed = executed_ids(tmp_path / "records")
    assert all(report.succeeded for report in reports)
    assert tally.failures == []
    assert set(executed.values()) == {1}
    assert set(tally.acknowledged) == set(executed)
    assert {"version-0", "version-1", "version-2"} <= set(tally.versions)
    assert _get("/") == (200, "version-3")


def test_a_broken_version_is_refused_under_load(deployer: Deployer) -> None:
    """Otherwise a version that cannot serve is given traffic."""
    with load(HOST, FRONT) as tally:
        report = deployer.deploy("broken")
    assert report.phase is Phase.REVERTED
    assert tally.failures == []
    assert set(tally.versions) == {"version-0"}


def test_a_request_in_flight_completes(
    deployer: Deployer,
) -> None:
    """Otherwise a long request is cut off by a deploy."""
    answers: list[tuple[int, str]] = []
    slow = threading.Thread(target=lambda: answers.append(_get("/?seconds=4")))
    ports = [int(upstream.rpartition(":")[2]) for upstream in deployer.router.upstreams(FRONT)]
    slow.start()
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and in_flight(ports) == 0:
        time.sleep(0.01)
    deployer.deploy("version-1")
    assert _get("/") == (200, "version-1")
    slow.join()
    assert answers == [(200, "version-0")]
