"""What the benchmark sees from outside, of a server, processes and files."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.projects.effects import answers, asked, files_with, processes_of, visited


class _Shop(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        """Answer 503 at /sick, else 200."""
        self.send_response(503 if self.path == "/sick" else 200)
        self.end_headers()
        self.wfile.write(b"version=1")

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its base's name
        """Say nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Give the address of a server that answers."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Shop)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.slow
def test_only_the_text_that_is_wanted_counts(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stage would be well whatever is answered, or an error page be taken for the project."""
    monkeypatch.setattr("benchmarks.projects.effects._PATIENCE_SECONDS", 0.0)
    assert answers(url, "version=1") == ""
    assert "without 'version=2'" in answers(url, "version=2")
    assert "HTTP 503" in answers(f"{url}/sick", "version=1")


def test_what_nobody_answers_is_told() -> None:
    """The benchmark would end with a traceback where a service is down."""
    assert asked("http://127.0.0.1:1/").startswith("no answer")


@pytest.mark.parametrize(("path", "dropped"), [("", False), ("/sick", True)])
def test_a_dropped_request_is_counted(url: str, path: str, dropped: bool) -> None:
    """A deploy that drops requests would count as well."""
    with visited(f"{url}{path}") as visitor:
        while not visitor.requests:
            threading.Event().wait(0.01)
    assert bool(visitor.complaint) is dropped


def test_processes_and_files_of_a_project_are_found(tmp_path: Path) -> None:
    """What stop leaves running, or restore brings back, would not be seen."""
    place = tmp_path / "serving" / "shop"
    place.mkdir(parents=True)
    (place / "notes").write_text("a token here")
    command = [sys.executable, "-c", "input()"]
    with subprocess.Popen(command, cwd=place, stdin=subprocess.PIPE, text=True) as process:
        assert len(processes_of(tmp_path, "shop")) == 1
        assert processes_of(tmp_path, "shopping") == []
        process.communicate("\n")
    assert files_with(tmp_path, "token") == [place / "notes"]
    assert files_with(tmp_path, "missing") == []
