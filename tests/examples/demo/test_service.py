"""The running service, asked over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler

import pytest

from examples.demo.errors import DemoError
from examples.demo.service import Executions, Service
from examples.demo.subject import GUESTBOOK, HTTPBIN, Subject

pytestmark = pytest.mark.integration

Serve = Callable[[Callable[[BaseHTTPRequestHandler], None]], int]


class Application:
    """Answers with what it is given by path; 404 elsewhere."""

    def __init__(self, answers: dict[str, object]) -> None:
        self.answers = answers
        self.posted: list[bytes] = []

    def __call__(self, handler: BaseHTTPRequestHandler) -> None:
        """Answer one request."""
        self.posted.append(handler.rfile.read(int(handler.headers.get("Content-Length", "0"))))
        found = self.answers.get(handler.path)
        body = json.dumps(found).encode()
        handler.send_response(404 if found is None else 200)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)


def _service(serve: Serve, subject: Subject, **answers: object) -> tuple[Service, Application]:
    application = Application({path.replace("_", "/", 1): value for path, value in answers.items()})
    return Service(subject, "127.0.0.1", serve(application)), application


def test_guestbook_tells_its_version(serve: Serve) -> None:
    """The demo could not tell which version serves."""
    service, _ = _service(serve, GUESTBOOK, _version={"version": "1.1.0"})
    assert service.version() == "1.1.0"


def test_httpbin_tells_its_version(serve: Serve) -> None:
    """The demo of httpbin could not tell which version serves."""
    service, _ = _service(serve, HTTPBIN, **{"_spec.json": {"info": {"version": "0.10.4"}}})
    assert service.version() == "0.10.4"


def test_executions_are_read_where_they_are_counted(serve: Serve) -> None:
    """Requests executed twice would not be found."""
    answer = {"requests": 7, "distinct": 6, "repeated": ["a"]}
    service, _ = _service(serve, GUESTBOOK, _executions=answer)
    assert service.executions() == Executions(7, 6)
    assert Service(HTTPBIN, "127.0.0.1", 1).executions() is None


def test_entries_are_put_and_checked(serve: Serve) -> None:
    """There would be no data to back up, and nobody notice."""
    service, application = _service(serve, GUESTBOOK, _entries={"executions": 1})
    service.put(["a", "b"])
    assert [json.loads(body)["id"] for body in application.posted] == ["a", "b"]
    application.answers["/entries"] = {"executions": 2}
    with pytest.raises(DemoError, match="unexpected"):
        service.put(["a"])


def test_a_refusal_is_an_error_with_its_address(serve: Serve) -> None:
    """The demo would end in a traceback, or go on with nonsense."""
    service, _ = _service(serve, GUESTBOOK)
    with pytest.raises(DemoError, match=r"/version: HTTP 404"):
        service.version()


def test_what_does_not_answer_is_gone(serve: Serve) -> None:
    """The demo would wait for services that were stopped, or pass over those that were not."""
    assert Service(GUESTBOOK, "127.0.0.1", 1).gone()
    service, _ = _service(serve, GUESTBOOK)
    assert not service.gone(timeout=0.3)
