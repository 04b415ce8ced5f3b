"""The tasks wire settings, ledger, launcher and router together."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from prefect.logging import disable_run_logger
from pydantic import SecretStr

from benchmarks.free_ports import free_ports
from blocks.environment_spec import EnvironmentSpec
from blocks.project_spec import ProjectSpec, ServiceSpec
from tasks.errors import BadInputError
from tasks.launch import task
from tasks.launch.holding import let_go
from tasks.launch.launcher import Launcher
from tasks.launch.target import Target, target_of
from tasks.ledger.releases import releases
from tasks.settings import Settings

FRONT = free_ports(100)
pytestmark = pytest.mark.integration

ENVIRONMENTS = {
    "base": EnvironmentSpec(
        variables={"GREETING": "hello"},
        secrets={"TOKEN": SecretStr("hunter2")},
        shared_with=["demo"],
    ),
    "dev": EnvironmentSpec(inherits="base"),
}


class Table:
    """A router that only remembers."""

    def __init__(self) -> None:
        self.routes: dict[int, tuple[str, ...]] = {}

    def route(self, public_port: int, upstreams: Sequence[str]) -> None:
        """Remember it."""
        self.routes[public_port] = tuple(upstreams)

    def upstreams(self, public_port: int) -> tuple[str, ...]:
        """Return what was remembered."""
        return self.routes.get(public_port, ())


@pytest.fixture
def target(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Target]:
    """Give what is launched, with settings of its own."""
    here = Settings(
        home=tmp_path / "home",
        router_port=FRONT,
        router_slots=3,
        service_port_low=FRONT + 10,
        service_port_high=FRONT + 99,
    )
    monkeypatch.setattr(task, "settings", lambda: here)
    monkeypatch.setattr("tasks.launch.target.settings", lambda: here)
    (source / "Procfile").write_text("web: python3 server.py\n")
    spec = ProjectSpec(source=str(source), services={"web": ServiceSpec(health_path="/health")})
    with disable_run_logger():
        yield target_of("demo", spec, "dev", ENVIRONMENTS)


async def test_build_launch_restart_stop(target: Target) -> None:
    """Broken: no flow could launch anything."""
    router = Table()
    release = await task.build.fn(target, "")
    launched = await task.launch.fn(target, release, router)
    assert launched.urls == {"web": f"http://127.0.0.1:{FRONT}"}
    (upstream,) = router.upstreams(FRONT)
    assert httpx.get(f"http://{upstream}/health", trust_env=False).text == "one hello"  # noqa: ASYNC210 - nothing else runs in this loop
    again = await task.launch.fn(target, release, router)
    assert again.instances == launched.instances
    restarted = await task.restart.fn(target, router)
    assert restarted.stopped == launched.started
    assert router.upstreams(FRONT) != (upstream,)
    assert len(await task.stop.fn(target, router)) == 1
    assert router.upstreams(FRONT) == ()
    with pytest.raises(BadInputError, match="nothing of it runs"):
        await task.restart.fn(target, router)


async def test_who_tests_a_version_is_told_that_it_is_live(
    target: Target, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Who has changed the folder would take the result for one of what it holds now."""
    router = Table()
    release = await task.build.fn(target, "", serves=False)
    monkeypatch.setattr(task, "get_run_logger", lambda: logging.getLogger("run"))
    caplog.set_level(logging.INFO)

    async def built() -> str:
        """Build it again, and return the line that names it."""
        caplog.clear()
        again = await task.build.fn(target, "", serves=False)
        assert again.digest == release.digest
        [line] = [line for line in caplog.messages if line.endswith(f" is at {release.path}")]
        return line.removesuffix(f" is at {release.path}")

    assert await built() == f"demo {release.version}"
    await task.launch.fn(target, release, router)
    (Path(target.spec.source) / "page.txt").write_text("changed")
    assert await built() == f"demo {release.version}, which is live in dev,"
    await task.stop.fn(target, router)
    assert await built() == f"demo {release.version}, which was live last in dev,"


async def test_what_is_tested_is_not_pruned(target: Target) -> None:
    """Broken: a suite that takes an hour ends, and the release that it tested is gone."""
    tested = await task.build.fn(target, "", serves=False)

    def build_another(content: str) -> list[str]:
        """Build another version where two are kept; return the digests that are known then."""
        (Path(target.spec.source) / "page.txt").write_text(content)

        def work(launcher: Launcher) -> list[str]:
            """Build it."""
            replace(launcher, keep_releases=2).build("")
            return [release.digest for release in releases(launcher.ledger, "demo")]

        return task._with_ledger(target, work)

    for number in range(4):
        digests = build_another(str(number))
    assert tested.source.is_dir()
    assert (tested.digest in digests, len(digests)) == (True, 3)
    let_go(tested.path)
    assert tested.digest not in build_another("last")
    assert not tested.path.exists()


def test_what_is_secret_is_not_shown(target: Target) -> None:
    """Broken: a secret would stand in the log of a flow run."""
    assert target.secrets == {"TOKEN": "hunter2"}
    assert "hunter2" not in repr(target)
