"""A process that puts keep-alive load on a service, and records what was answered.

``python -m benchmarks.chaos.load HOST PORT FOLDER FIRST STEP`` posts the numbers FIRST, FIRST + STEP
and so on until it is told to end; it never repeats a request. ``FOLDER/FIRST.acks`` gets a line for
each number that was acknowledged, ``FOLDER/FIRST.failures`` when and why one was not.
"""

from __future__ import annotations

import http.client
import signal
import sys
import time
from dataclasses import dataclass
from itertools import count
from pathlib import Path

PAUSE_SECONDS = 0.1
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Answers:
    """The answers that the processes of the load have got so far."""

    requests: int
    acknowledged: tuple[int, ...]
    failures: tuple[tuple[float, str], ...]


def answers(folder: Path) -> Answers:
    """Read the records below ``folder``, complete lines only."""
    acknowledged = [int(line) for path in folder.glob("*.acks") for line in _lines(path)]
    failures = []
    for path in folder.glob("*.failures"):
        for line in _lines(path):
            at, _, what = line.partition(" ")
            failures.append((float(at), what))
    # A number is asked for twice: it is posted, then the page is read.
    return Answers(2 * len(acknowledged) + len(failures), tuple(acknowledged), tuple(failures))


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").split("\n")[:-1]


def main(host: str, port: int, folder: Path, first: int, step: int) -> None:
    """Ask until SIGTERM, one request after the other on one connection."""
    ending: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _: ending.append(number))
    connection = _connected(host, port)
    with (
        (folder / f"{first}.acks").open("a", encoding="utf-8", buffering=1) as acks,
        (folder / f"{first}.failures").open("a", encoding="utf-8", buffering=1) as failures,
    ):
        for number in count(first, step):
            if ending:
                break
            for method in ("POST", "GET"):
                problem = _asked(connection, method, number)
                if problem:
                    failures.write(f"{time.time()} {method} {number}: {problem}\n")
                    connection.close()
                    connection = _connected(host, port)
                elif method == "POST":
                    acks.write(f"{number}\n")
            time.sleep(PAUSE_SECONDS)


def _connected(host: str, port: int) -> http.client.HTTPConnection:
    """Return a connection; one that the other side closes must show, not be reopened silently."""
    while True:
        connection = http.client.HTTPConnection(host, port, timeout=_PATIENCE_SECONDS)
        try:
            connection.connect()
        except OSError:
            time.sleep(PAUSE_SECONDS)
            continue
        connection.auto_open = 0
        return connection


def _asked(connection: http.client.HTTPConnection, method: str, number: int) -> str:
    """Ask once; return why that failed, empty if it did not."""
    try:
        connection.request(method, "/rows", body=str(number) if method == "POST" else None)
        answer = connection.getresponse()
        body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return repr(error)
    return "" if answer.status == http.HTTPStatus.OK else f"{answer.status} {body[:80]!r}"


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4]), int(sys.argv[5]))
