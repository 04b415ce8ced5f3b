"""The effects that are visible from outside: answers, processes, files."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import psutil

_PATIENCE_SECONDS = 15.0
_ASK_SECONDS = 10.0
_PAUSE_SECONDS = 0.05


def asked(url: str, method: str = "GET", body: str = "", content_type: str = "") -> str:
    """Return status, headers and body of what is answered at ``url``; why, where nothing is."""
    headers = {"Content-Type": content_type} if body else {}
    try:
        answer = httpx.request(
            method,
            url,
            content=body or None,
            headers=headers,
            timeout=_ASK_SECONDS,
            trust_env=False,
            follow_redirects=True,
        )
    except httpx.HTTPError as error:
        return f"no answer ({error})"
    lines = [f"{name}: {value}" for name, value in answer.headers.items()]
    return "\n".join([f"HTTP {answer.status_code}", *lines, "", answer.text])


def answers(url: str, text: str) -> str:
    """Wait until ``text`` is in what ``url`` answers; return what is missing, empty when it is."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        answer = asked(url)
        if answer.startswith("HTTP 2") and text in answer:
            return ""
        if time.monotonic() > deadline:
            return f"{url} answers {_short(answer)} without {text!r}"
        time.sleep(_PAUSE_SECONDS)


def _short(answer: str) -> str:
    status, _, rest = answer.partition("\n")
    return f"{status} {rest.rpartition(chr(10) * 2)[2][:120]!r}"


def processes_of(home: Path, project: str) -> list[str]:
    """Return the commands of all processes that work inside what ``home`` keeps of ``project``."""
    commands = []
    for process in psutil.process_iter():
        try:
            place = Path(process.cwd())
            if place.is_relative_to(home) and project in place.relative_to(home).parts:
                commands.append(" ".join(process.cmdline())[:80])
        except psutil.Error:
            continue
    return commands


def files_with(folder: Path, token: str) -> list[Path]:
    """Return the files below ``folder`` whose bytes hold ``token``."""
    return [
        path
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.is_symlink() and token.encode() in path.read_bytes()
    ]


@dataclass
class Visitor:
    """A client that sends requests continuously, and counts answers that are not below 500."""

    url: str
    requests: int = 0
    dropped: list[str] = field(default_factory=list)

    def ask(self, over: threading.Event) -> None:
        """Ask on one connection after the other until ``over``."""
        while not over.is_set():
            answer = asked(self.url)
            self.requests += 1
            if answer.startswith(("no answer", "HTTP 5")):
                self.dropped.append(answer.partition("\n")[0])
            over.wait(_PAUSE_SECONDS)

    @property
    def complaint(self) -> str:
        """What was dropped; empty if nothing was."""
        if not self.dropped:
            return ""
        return f"{len(self.dropped)} of {self.requests} requests dropped: {self.dropped[0]}"


@contextmanager
def visited(url: str) -> Iterator[Visitor]:
    """Send requests to ``url`` while the block runs."""
    visitor, over = Visitor(url), threading.Event()
    thread = threading.Thread(target=visitor.ask, args=[over], daemon=True)
    thread.start()
    try:
        yield visitor
    finally:
        over.set()
        thread.join()
