"""Tests of events and notifications on a whole stack, with a receiver of HTTP requests."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from stack.api import Json
from tasks.home import Home
from tests.integration.conftest import Stack
from tests.integration.observation import answer, artifacts, eventually, marked
from tests.integration.tiny_project import configuration, write_version

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

NAME = "noted"
PASSWORD = "hunter22"
WEB = f"slipway.project.{NAME}.{NAME}.service.web"
PROJECT = f"slipway.project.{NAME}.{NAME}"


@dataclass
class Receiver:
    """Collects the messages that are sent to it, by the path to which they are."""

    port: int = 0
    messages: dict[str, list[tuple[str, str]]] = field(default_factory=dict)

    def address(self, path: str) -> str:
        """Return the address of Apprise that leads to ``path``."""
        return f"json://oncall:{PASSWORD}@127.0.0.1:{self.port}/{path}"

    def at(self, path: str) -> list[tuple[str, str]]:
        """Return the subjects and bodies that were sent to ``path``."""
        return self.messages.get(f"/{path}", [])


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """Give a receiver at a port of its own."""
    receiver = Receiver()

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            message = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            both = (message["title"], message["message"])
            receiver.messages.setdefault(self.path.rstrip("/"), []).append(both)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    receiver.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield receiver
    server.shutdown()
    server.server_close()
    thread.join()


@dataclass(frozen=True)
class Site:
    """A project whose events are sent to the receiver."""

    stack: Stack
    receiver: Receiver
    folder: Path
    url: str

    def notifications(self) -> dict[str, Json]:
        """Return one that sends, one that is quiet now, and one on another environment."""
        hour = datetime.now(UTC).hour
        quiet_hours = f"{(hour - 1) % 24:02}:00-{(hour + 6) % 24:02}:00 UTC"
        events = ["service-gone", "deploy-reverted"]
        return {
            "oncall": {
                "url": self.receiver.address("oncall"),
                "events": events,
                "projects": [NAME],
            },
            "night": {"url": self.receiver.address("night"), "quiet_hours": quiet_hours},
            "elsewhere": {"url": self.receiver.address("elsewhere"), "environments": ["dev"]},
        }

    def configure(self, notifications: dict[str, Json]) -> str:
        """Have the file loaded; return the message of the run, whose log must tell no secret."""
        run = self.stack.configure(NAME, wanted(self.folder) | {"notifications": notifications})
        assert PASSWORD not in "\n".join([run.message, *self.stack.log_lines(run)])
        return run.message

    def automation(self, name: str) -> Json:
        """Return the only automation of a notification."""
        [automation] = [
            each
            for each in self.stack.api.every("/automations/filter", {})
            if each["name"] == f"notification {name}"
        ]
        return dict(automation)

    def events(self, name: str, resource: str) -> list[Json]:
        """Return the events of a name on a resource."""
        body = {"filter": {"event": {"name": [name]}, "resource": {"id": [resource]}}}
        events: list[Json] = self.stack.api.call("POST", "/events/filter", body)["events"]
        return events

    def kill(self) -> None:
        """Kill the service with its shim, and wait until it was told that it runs again."""
        revivals = len(self.events("slipway.service.revived", WEB))
        for process in marked("TINY_FOLDER", str(self.folder)):
            parents = [process, *process.parents()]
            shims = [each for each in parents if any("shim" in part for part in each.cmdline())]
            for each in [*shims, process]:
                each.kill()
        eventually(
            lambda: len(self.events("slipway.service.revived", WEB)) > revivals,
            "nothing tells that the service is back",
        )
        assert answer(self.url) == "1"


def wanted(folder: Path) -> Json:
    """Return the configuration of the project, whose gate waits a few seconds only."""
    configured = configuration(NAME, folder)
    configured["projects"][NAME]["services"]["web"]["health_timeout_seconds"] = 5
    return configured


@pytest.fixture(scope="module")
def site(stack: Stack, receiver: Receiver) -> Iterator[Site]:
    """Deploy the first version, with its notifications configured."""
    folder = stack.folder / NAME
    for version in ("1", "2"):
        write_version(folder, version)
    site = Site(stack, receiver, folder, "")
    site.configure(site.notifications())
    first = stack.done_here("deploy", project=NAME, environment=NAME, version="1")
    link = artifacts(stack, first.id)[f"address-{NAME}-{NAME}-web"]["data"]
    yield Site(stack, receiver, folder, link.partition("](")[2].rstrip(")"))
    stack.done_here("stop", project=NAME, environment=NAME)


def acted(site: Site, name: str, count: int) -> None:
    """Wait until the automation of a notification has acted so many times."""
    resource = f"prefect.automation.{site.automation(name)['id']}"
    eventually(
        lambda: len(site.events("prefect.automation.action.executed", resource)) >= count,
        f"the automation of {name} does not act",
    )


def shown(site: Site, name: str, resource: str, count: int) -> None:
    """Wait until Prefect shows so many events; it writes them a few seconds later."""
    eventually(lambda: len(site.events(name, resource)) >= count, f"nothing tells {name}")
    assert len(site.events(name, resource)) == count, name


def test_a_fault_is_told_once_and_in_quiet_hours_not_at_all(site: Site) -> None:
    """Nobody would be told that a service is gone or a deploy was reverted, or all night long."""
    site.kill()
    (site.folder / "sick-2").touch()
    deploy = site.stack.run("deploy", project=NAME, environment=NAME, version="2")
    assert not deploy.succeeded
    eventually(lambda: len(site.receiver.at("oncall")) >= 2, "the receiver is told nothing")
    acted(site, "night", 2)
    gone, reverted = site.receiver.at("oncall")
    assert gone[0] == f"Service web of {NAME} in {NAME} is gone"
    assert "Slipway starts it again: `status` shows" in gone[1]
    assert reverted[0] == f"The deploy of {NAME} in {NAME} to version 2 was reverted"
    assert "version 1 still serves: fix that version and deploy it again." in reverted[1]
    assert "not healthy in time" in reverted[1]
    assert site.receiver.at("night") == []
    assert site.receiver.at("elsewhere") == []
    for happening, resource, count in (
        ("service.gone", WEB, 1),
        ("service.revived", WEB, 1),
        ("deploy.reverted", PROJECT, 1),
        ("deploy.done", PROJECT, 1),
        ("deploy.started", PROJECT, 2),
    ):
        shown(site, f"slipway.{happening}", resource, count)
    logs = "".join(path.read_text() for path in site.stack.config.root.glob("logs/*.log"))
    assert PASSWORD not in logs


def test_a_backup_that_fails_is_told(site: Site) -> None:
    """The scheduled backup would fail every night, and nobody would know."""
    site.stack.done_here("backup", project=NAME, environment=NAME)
    shown(site, "slipway.backup.done", PROJECT, 1)
    broken = wanted(site.folder)
    broken["projects"][NAME]["data"] = [str(site.folder / "missing")]
    site.stack.configure(NAME, broken | {"notifications": site.notifications()})
    run = site.stack.run_here("backup", project=NAME, environment=NAME)
    site.configure(site.notifications())
    assert not run.succeeded
    shown(site, "slipway.backup.failed", PROJECT, 1)


def test_the_users_switch_and_edits_are_kept(site: Site) -> None:
    """Who has switched a notification off would be woken again after the next configure."""
    before, api = len(site.receiver.at("oncall")), site.stack.api
    api.call("PATCH", f"/automations/{site.automation('oncall')['id']}", {"enabled": False})
    notifications = site.notifications()
    notifications["oncall"]["events"] = ["service-gone"]
    site.configure(notifications)
    register(site)
    automation = site.automation("oncall")
    assert not automation["enabled"]
    assert automation["trigger"]["expect"] == ["slipway.service.gone"]
    site.kill()
    assert len(site.receiver.at("oncall")) == before
    path = f"/automations/{automation['id']}"
    kept = {key: automation[key] for key in ("name", "description", "actions")}
    trigger = {**automation["trigger"], "expect": ["slipway.deploy.done"]}
    api.call("PUT", path, kept | {"enabled": True, "trigger": trigger})
    assert "'notification oncall' was edited in the UI" in site.configure(site.notifications())
    assert site.automation("oncall")["trigger"]["expect"] == ["slipway.deploy.done"]
    api.call("DELETE", path)
    register(site)
    expected = {"slipway.service.gone", "slipway.deploy.reverted"}
    assert set(site.automation("oncall")["trigger"]["expect"]) == expected


def test_a_notification_that_left_the_file_is_named(site: Site) -> None:
    """It would go on sending, and nobody would know from where."""
    notifications = site.notifications()
    del notifications["elsewhere"]
    assert "notification/elsewhere" in site.configure(notifications)
    block = site.stack.api.call(
        "GET", "/block_types/slug/slipway-notification/block_documents/name/elsewhere"
    )
    site.stack.api.call("DELETE", f"/block_documents/{block['id']}")
    register(site)
    names = {each["name"] for each in site.stack.api.every("/automations/filter", {})}
    assert names == {"notification oncall", "notification night"}


def register(site: Site) -> None:
    """Have `make up` register everything again."""
    Home(site.stack.config.root).registration_file.unlink()
    done = site.stack.make("stack.up")
    assert done.returncode == 0, done.stderr
    assert "registered what has changed" in done.stdout
