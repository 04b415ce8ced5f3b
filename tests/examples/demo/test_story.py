"""The whole demo against a stand-in for Slipway that really serves, restores and stops."""

from __future__ import annotations

import importlib
import shutil
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any

import pytest

from examples.demo import story as story_module
from examples.demo.errors import DemoError
from examples.demo.story import Story
from examples.demo.subject import GUESTBOOK
from examples.demo.table import failures
from examples.demo.watch import FlowRun
from tasks.configuration import read_configuration

pytestmark = [pytest.mark.integration, pytest.mark.usefixtures("guestbook_on_path")]

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], int]
SUMMARY = (
    "| Tests | 83 |\n\n| part | seconds | outcome |\n|---|---:|---|\n| deploy | 1.5 | green |\n"
)
ESTIMATES = "Estimates (history) were off by 7% a step; planned 6.0 s, took 5.6 s."


@dataclass(frozen=True)
class Completed:
    """A flow run that completed."""

    name: str
    state_name: str = "Completed"
    message: str = "Done."
    finished: bool = True
    succeeded: bool = True


class Front:
    """What a router is: serves the application that stands behind it, 502 where none does."""

    def __init__(self) -> None:
        self.application: Callable[..., Any] | None = None

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request through WSGI."""
        path, _, query = handler.path.partition("?")
        environ = {
            "REQUEST_METHOD": handler.command,
            "PATH_INFO": path,
            "QUERY_STRING": query,
            "CONTENT_TYPE": handler.headers.get("Content-Type", ""),
            "CONTENT_LENGTH": handler.headers.get("Content-Length", "0"),
            "wsgi.input": handler.rfile,
        }
        seen: list[Any] = ["502 Bad Gateway", [("Content-Length", "0")]]
        parts: list[bytes] = []
        if self.application:
            parts = list(
                self.application(environ, lambda *given: seen.__setitem__(slice(2), given))
            )
        handler.send_response(int(seen[0].split()[0]))
        for header in seen[1]:
            handler.send_header(*header)
        handler.end_headers()
        handler.wfile.write(b"".join(parts))


class Slipway:
    """Does at once what the flows do; ``fault`` is what it does wrong."""

    def __init__(self, folder: Path, front: Front, fault: str = "") -> None:
        self.database, self.front, self.fault = folder / "live" / "guestbook.db", front, fault
        self.data: list[str] = []
        self.started: list[str] = []

    def trigger(
        self,
        deployment: str,
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Do what that deployment is for."""
        flow = deployment.partition("/")[0]
        self.started.append(flow)
        getattr(self, f"_{flow}", lambda **_: None)(**dict(parameters or {}))
        return flow

    def state(self, flow_run_id: str) -> FlowRun:
        """Tell that it completed."""
        return Completed(flow_run_id)

    def task_runs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Give none."""
        return []

    def logs(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Give none."""
        return []

    def artifacts(self, flow_run_id: str) -> list[dict[str, Any]]:
        """Give the summary of a `ship`, with its estimates from the second on."""
        second = self.started.count("ship") > 1 and self.fault != "estimates"
        return [{"data": SUMMARY + (ESTIMATES if second else "")}]

    def _configure(self, file: str) -> None:
        (self.data,) = (each.data for each in read_configuration(Path(file)).projects.values())

    def _ship(self, version: str, **_: str) -> None:
        served = "0.0.0" if self.fault == "version" else version
        store = importlib.import_module("guestbook.store").Store(self.database)
        application = importlib.import_module("guestbook.app").Guestbook(store, served)
        self.front.application = self._twice(application) if self.fault == "twice" else application

    def _twice(self, application: Any) -> Callable[..., Any]:
        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
            if environ["REQUEST_METHOD"] == "POST":
                body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
                entry = importlib.import_module("guestbook.entry").parse(
                    body, "application/json", ""
                )
                answered = application(environ | {"wsgi.input": _Once(body)}, start_response)
                application._store.add(entry, "again", 0.0)
                return answered
            return application(environ, start_response)

        return answer

    def _restore(self, target: str, **_: str) -> None:
        shutil.copytree(self.data[0], Path(target) / "data-0")
        if self.fault != "restore":
            sqlite3 = importlib.import_module("sqlite3")
            with (
                closing(sqlite3.connect(self.database)) as source,
                closing(sqlite3.connect(Path(target) / "guestbook.db")) as copy,
            ):
                source.backup(copy)

    def _stop(self, **_: str) -> None:
        if self.fault != "stop":
            self.front.application = None


class _Once:
    """A body that can be read once."""

    def __init__(self, body: bytes) -> None:
        self._body = body

    def read(self, _: int) -> bytes:
        """Give it."""
        return self._body


@pytest.fixture
def tell(
    tmp_path: Path, serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> Callable[[str], tuple[Story, Slipway]]:
    """Give what prepares a story whose Slipway has a fault."""
    monkeypatch.setattr(story_module, "REQUESTS_AROUND", 40)

    def make(fault: str) -> tuple[Story, Slipway]:
        front = Front()
        port = serve(front)
        slipway = Slipway(tmp_path, front, fault)
        found = (lambda: None) if fault == "port" else (lambda: port)
        folder = tmp_path / "demo"
        return Story(GUESTBOOK, folder, slipway, ("127.0.0.1", found), lambda _: None), slipway

    return make


Tell = Callable[[str], tuple[Story, Slipway]]


def test_all_of_it_holds(tell: Tell) -> None:
    """The demo would fail where everything works, or leave out a part."""
    story, slipway = tell("")
    story.tell()
    story.stop()
    assert failures(story.rows) == []
    flows = ["configure", "ship", "ship", "train", "restore", "status", "stop"]
    assert slipway.started == flows
    outcomes = {row.part: row.outcome for row in story.rows}
    assert outcomes["serves before"] == "1.0.0"
    assert outcomes["serves after"] == "1.1.0"
    assert outcomes["  deploy"] == "green"
    assert outcomes["estimates of the second run"] == ESTIMATES
    assert "all 50 of before the load" in outcomes["restore elsewhere"]


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("version", "serves after: 0.0.0"),
        ("twice", "executed twice"),
        ("estimates", "ship said nothing of its estimates"),
    ],
)
def test_what_does_not_hold_is_named(tell: Tell, fault: str, named: str) -> None:
    """The demo would exit with 0 whatever happens."""
    story, _ = tell(fault)
    story.tell()
    assert any(named in failure for failure in failures(story.rows))


@pytest.mark.parametrize(
    ("fault", "why"), [("port", "no port for guestbook"), ("restore", "found 0")]
)
def test_what_cannot_go_on_ends_the_story(tell: Tell, fault: str, why: str) -> None:
    """The demo would go on without a service, or believe an empty restore."""
    story, _ = tell(fault)
    with pytest.raises(DemoError, match=why):
        story.tell()
    story.stop()
    assert story.rows[-1].part == "stop"


def test_nothing_is_stopped_before_it_was_configured(tell: Tell) -> None:
    """An error at the very start would be buried under that of a stop."""
    story, slipway = tell("")
    story.stop()
    assert (slipway.started, story.rows) == ([], [])


def test_a_service_that_goes_on_answering_is_a_failure(
    tell: Tell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A demo that leaves processes behind would exit with 0."""
    story, _ = tell("stop")
    story.tell()
    monkeypatch.setattr(type(story.service), "gone", lambda _: False)
    with pytest.raises(DemoError, match="still answers"):
        story.stop()
