"""The project that the demo drives: its requests, and how to read its answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request; ``expected`` must be in its answer, whose status must be below 300."""

    method: str
    path: str
    body: bytes = b""
    expected: bytes = b""


@dataclass(frozen=True, slots=True)
class Subject:
    """A project of the demo, and its two versions.

    ``read`` and ``write`` make requests, the latter with an id of its own; ``slow`` one that is in
    flight for two seconds. ``version_path`` answers with JSON that ``version`` finds its version
    in. ``executions_path`` tells how many writes were executed, where the project counts them;
    ``database`` names the file that must come back from a backup.
    """

    name: str
    old: str
    new: str
    source: str
    requirements: tuple[str, ...]
    command: str
    health_path: str
    variables: Mapping[str, str]
    read: Request
    write: Callable[[str], Request]
    slow: Request
    version_path: str
    version: Callable[[Any], str]
    executions_path: str = ""
    database: str = ""


def _gunicorn(application: str) -> str:
    """Return the command of one process: threads share the work.

    Keep-alive outlives the router's idle connections, so that no request meets a connection that
    is just being closed.
    """
    return (
        f"gunicorn {application} --bind {{{{ host }}}}:{{{{ port }}}} --worker-class gthread "
        "--threads 12 --keep-alive 180 --graceful-timeout 15 --no-control-socket"
    )


def _entry(identifier: str) -> Request:
    entry = {"id": identifier, "author": "Demo", "message": f"Written as {identifier}"}
    return Request("POST", "/entries", json.dumps(entry).encode(), b'"executions": 1')


def _echo(identifier: str) -> Request:
    body = json.dumps({"id": identifier}).encode()
    return Request("POST", "/post", body, identifier.encode())


GUESTBOOK = Subject(
    name="guestbook",
    old="1.0.0",
    new="1.1.0",
    source="guestbook-{version}",
    requirements=("pytest>=8",),
    command=_gunicorn("guestbook.wsgi:application"),
    health_path="/health",
    variables={"GUESTBOOK_DATABASE": "{{ data }}/guestbook.db"},
    read=Request("GET", "/", expected=b"</html>"),
    write=_entry,
    slow=Request("GET", "/slow?seconds=2", expected=b"slept"),
    version_path="/version",
    version=lambda answer: str(answer["version"]),
    executions_path="/executions",
    database="guestbook.db",
)

HTTPBIN = Subject(
    name="httpbin",
    old="0.10.2",
    new="0.10.4",
    source="httpbin-{version}.tar.gz",
    # Its extra with gevent does not go with gunicorn on Python 3.11; without flasgger it would
    # not say its version.
    requirements=("gunicorn>=25.1", "pytest", "flasgger"),
    command=_gunicorn("httpbin:app"),
    health_path="/status/200",
    variables={},
    read=Request("GET", "/get", expected=b"headers"),
    write=_echo,
    slow=Request("GET", "/delay/2", expected=b"headers"),
    version_path="/spec.json",
    version=lambda answer: str(answer["info"]["version"]),
)

SUBJECTS = {subject.name: subject for subject in (GUESTBOOK, HTTPBIN)}
