"""Tests of a backup during writes, and of the application launched from its copy."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from stack.flow_run import FlowRun
from tests.integration.conftest import Stack

pytestmark = [pytest.mark.integration, pytest.mark.prefect]

DIARY = """
import http.server, os, sqlite3

def connect():
    opened = sqlite3.connect(os.environ["DIARY"], timeout=30)
    opened.execute("PRAGMA journal_mode=WAL")
    opened.execute("CREATE TABLE IF NOT EXISTS entries (number INTEGER PRIMARY KEY)")
    return opened

class Diary(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def answer(self, body):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def do_GET(self):
        with connect() as opened:
            rows = opened.execute("SELECT number FROM entries ORDER BY number")
            self.answer(" ".join(str(number) for (number,) in rows).encode())
    def do_POST(self):
        with connect() as opened:
            opened.execute("INSERT INTO entries VALUES (?)", (int(self.path[1:]),))
        self.answer(b"written")

address = ("127.0.0.1", int(os.environ["PORT"]))
http.server.ThreadingHTTPServer(address, Diary).serve_forever()
"""


def _configuration(stack: Stack, source: Path, restored: str) -> dict[str, object]:
    service = {"command": "python3 diary.py", "drain_seconds": 0.5}
    project = {
        "source": str(source),
        "kind": "procfile",
        "services": {"web": service},
        "repository": "diary",
        "environments": {
            "diary": {"variables": {"DIARY": "{{ data }}/diary.db"}},
            "diary-elsewhere": {"variables": {"DIARY": restored}},
        },
    }
    repository = {
        "kind": "restic",
        "location": str(stack.folder / "diary-backups"),
        "password": "keep",
    }
    return {
        "projects": {"diary": project},
        "environments": {"diary": {}, "diary-elsewhere": {}},
        "repositories": {"diary": repository},
    }


def _url(stack: Stack, launched: FlowRun) -> str:
    match = re.search(r"web at (http://[\d.:]+)", "\n".join(stack.log_lines(launched)))
    assert match, stack.log_lines(launched)
    return match[1]


@contextmanager
def _writing(url: str) -> Iterator[list[int]]:
    """Write one entry after the other in the meantime; gives what was acknowledged so far."""
    acknowledged: list[int] = []
    over = threading.Event()

    def write() -> None:
        with httpx.Client(base_url=url, trust_env=False, timeout=60) as client:
            while not over.is_set():
                client.post(f"/{len(acknowledged)}").raise_for_status()
                acknowledged.append(len(acknowledged))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        yield acknowledged
        assert writer.is_alive(), "a write failed"
    finally:
        over.set()
        writer.join()


def _numbers(url: str) -> list[int]:
    return [int(number) for number in httpx.get(url, trust_env=False).text.split()]


def test_the_application_answers_from_a_copy_taken_while_it_wrote(
    stack: Stack, tmp_path: Path
) -> None:
    """A backup would lose what was acknowledged before it, or tear what was being written."""
    source, target = tmp_path / "source", tmp_path / "restored"
    source.mkdir()
    (source / "diary.py").write_text(DIARY)
    stack.configure("diary", _configuration(stack, source, "unused"))
    url = _url(stack, stack.done("launch", project="diary", environment="diary"))

    with _writing(url) as acknowledged:
        while len(acknowledged) < 20:
            assert threading.active_count() > 1
        before = len(acknowledged)
        stack.done_here("backup", project="diary", environment="diary")
        after = len(acknowledged)
    assert after > before
    stack.done("restore", project="diary", target=str(target))

    [database] = target.rglob("diary.db")
    stack.configure("diary", _configuration(stack, source, str(database)))
    elsewhere = _url(
        stack, stack.done_here("launch", project="diary", environment="diary-elsewhere")
    )
    restored = _numbers(elsewhere)
    assert restored == list(range(len(restored)))
    assert before <= len(restored) <= after + 1
    assert _numbers(url) == acknowledged
    for environment in ("diary", "diary-elsewhere"):
        stack.done_here("stop", project="diary", environment=environment)
