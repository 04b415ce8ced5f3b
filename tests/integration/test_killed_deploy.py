"""Tests of deploys whose flow run is killed, before and after the traffic has moved."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.integration.conftest import Stack
from tests.integration.observation import answer, artifacts, engine, eventually, marked
from tests.integration.tiny_project import configuration, write_version

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "killed"


@dataclass(frozen=True)
class Site:
    """A project that is deployed again and again; its files are in ``folder``."""

    stack: Stack
    folder: Path
    url: str

    def start(self, version: str) -> str:
        """Start a deploy and return the id of its flow run."""
        parameters = {"project": NAME, "environment": NAME, "version": version}
        return self.stack.api.trigger("deploy/deploy", parameters)

    def kill(self, deploy: str) -> None:
        """Kill the process of a deploy, and wait until Prefect knows it."""
        engine(deploy).kill()
        assert self.stack.api.wait(deploy).state_type == "CRASHED"
        eventually(
            lambda: "which version serves" in self.stack.api.wait(deploy).message,
            "the state says nothing of what serves",
        )

    def deployed(self, version: str) -> None:
        """Deploy a version, which then serves."""
        run = self.stack.api.wait(self.start(version))
        assert run.succeeded, run.message
        assert self.live() == {version}

    def live(self) -> set[str]:
        """Return which versions answer."""
        return {answer(self.url) for _ in range(20)}

    def running(self) -> set[str]:
        """Return which versions have processes."""
        folders = set()
        for each in marked("TINY_FOLDER", str(self.folder)):
            with suppress(psutil.Error):  # it has just ended
                folders.add(Path(each.cwd()))
        return {(folder / "VERSION").read_text() for folder in folders}


@pytest.fixture(scope="module")
def site(stack: Stack) -> Iterator[Site]:
    """Deploy the first version; a request that is kept waiting is let go at the end."""
    folder = stack.folder / NAME
    for version in ("1", "2", "3", "4"):
        write_version(folder, version)
    stack.configure(NAME, configuration(NAME, folder))
    first = stack.done_here("deploy", project=NAME, environment=NAME, version="1")
    link = artifacts(stack, first.id)[f"address-{NAME}-{NAME}-web"]["data"]
    yield Site(stack, folder, link.partition("](")[2].rstrip(")"))
    (folder / "finish").touch()


def test_killed_before_the_switch_the_old_version_serves_alone(site: Site) -> None:
    """A half-started version would stay behind for ever, or keep the next deploy from working."""
    live = answer(site.url)
    sick = site.folder / "sick-2"
    sick.touch()
    deploy = site.start("2")
    eventually((site.folder / "asked-2").exists, "the new version is not asked for its health")
    site.kill(deploy)
    assert site.live() == {live}
    eventually(lambda: site.running() == {live}, "the new version is left running")
    sick.unlink()
    site.deployed("2")


def test_killed_after_the_switch_the_new_version_serves_alone(site: Site) -> None:
    """Traffic would go back and forth, or a request in flight be lost with the controller."""
    before = answer(site.url)
    answers: list[str] = []
    slow = threading.Thread(target=lambda: answers.append(answer(f"{site.url}slow")))
    slow.start()
    eventually((site.folder / "slow").exists, "the slow request does not arrive")
    deploy = site.start("3")
    eventually(lambda: answer(site.url) == "3", "the traffic does not move")
    site.kill(deploy)
    assert site.live() == {"3"}
    (site.folder / "finish").touch()
    slow.join()
    assert answers == [before]
    site.deployed("4")
