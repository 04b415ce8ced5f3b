"""The load of the rollout benchmark: keep-alive clients that never retry, and their records.

Also the application under that load (``python -m benchmarks.rollout_load PORT VERSION RECORD``),
which writes down the id of every POST before it answers.
"""

from __future__ import annotations

import http.client
import os
import sys
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit


@dataclass
class Tally:
    """What the clients met; ``acknowledged`` are the ids of the POSTs answered with 200."""

    requests: int = 0
    failed: int = 0
    failures: list[str] = field(default_factory=list)
    acknowledged: list[str] = field(default_factory=list)
    versions: Counter[str] = field(default_factory=Counter)


def executed_ids(records: Path) -> Counter[str]:
    """Return how often each id was executed, over all instances that wrote below ``records``."""
    files = records.glob("*.ids")
    return Counter(line for file in files for line in file.read_text().splitlines())


@contextmanager
def load(host: str, port: int, clients: int = 8) -> Iterator[Tally]:
    """Keep ``clients`` busy, half GET and half POST, while the block runs."""
    tally, lock, stop = Tally(), threading.Lock(), threading.Event()

    def client() -> None:
        mine = Tally()
        _requests(host, port, mine, stop)
        with lock:
            tally.requests += mine.requests
            tally.failed += mine.failed
            tally.failures += mine.failures
            tally.acknowledged += mine.acknowledged
            tally.versions += mine.versions

    threads = [threading.Thread(target=client) for _ in range(clients)]
    for thread in threads:
        thread.start()
    try:
        yield tally
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _requests(host: str, port: int, tally: Tally, stop: threading.Event) -> None:
    """Send over one connection; one that breaks is a failure, and only then is it renewed."""
    connection = _connect(host, port)
    while not stop.is_set():
        identifier = uuid.uuid4().hex if tally.requests % 2 else ""
        tally.requests += 1
        try:
            status, body = _ask(connection, identifier)
        except (OSError, http.client.HTTPException) as error:
            status, body = 0, repr(error)
            connection.close()
            connection = _connect(host, port)
        if status == http.HTTPStatus.OK:
            tally.versions[body] += 1
            tally.acknowledged += [identifier] if identifier else []
        else:
            tally.failed += 1
            tally.failures.append(f"{'POST' if identifier else 'GET'}: {status} {body}")
    connection.close()


def _connect(host: str, port: int) -> http.client.HTTPConnection:
    connection = http.client.HTTPConnection(host, port, timeout=30)
    connection.connect()
    # A connection that the other side closed must show as a failure, not be reopened silently.
    connection.auto_open = 0
    return connection


def _ask(connection: http.client.HTTPConnection, identifier: str) -> tuple[int, str]:
    if identifier:
        connection.request("POST", "/work", body=identifier)
    else:
        connection.request("GET", "/")
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


class _Application(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    version = ""
    record = -1

    def do_GET(self) -> None:
        """Answer with the version, after ``?seconds=`` where given."""
        query = parse_qs(urlsplit(self.path).query)
        time.sleep(float(query.get("seconds", ["0"])[0]))
        self._answer(500 if self.path == "/health" and "broken" in self.version else 200)

    def do_POST(self) -> None:
        """Write the id down, then answer with the version."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        os.write(self.record, body + b"\n")
        self._answer(200)

    def _answer(self, status: int) -> None:
        body = self.version.encode()
        head = f"HTTP/1.1 {status} -\r\nContent-Length: {len(body)}\r\n\r\n"
        self.wfile.write(head.encode() + body)

    def log_message(self, *_arguments: object) -> None:
        """Log nothing."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


def serve_application(port: int, version: str, record: Path) -> None:
    """Serve ``version`` on loopback until stopped; ids of POSTs are appended to ``record``."""
    _Application.version = version
    _Application.record = os.open(record, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    _Server(("127.0.0.1", port), _Application).serve_forever()


if __name__ == "__main__":
    serve_application(int(sys.argv[1]), sys.argv[2], Path(sys.argv[3]))
