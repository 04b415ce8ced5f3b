"""Tests of the request validation before the server's application."""

from __future__ import annotations

import asyncio
import json
from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.responses import PlainTextResponse

from stack.server.asgi import Message, Receive, Send
from stack.server.request_validation import MAX_REQUEST_BYTES, RequestValidator

CREATE = "/deployments/1/create_flow_run"
JSON = {"content-type": "application/json"}


class Inside:
    """An application that keeps what it gets."""

    def __init__(self) -> None:
        self.bodies: list[bytes] = []

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        """Take one request or message."""
        if scope["type"] == "websocket":
            message = await receive()
            self.bodies.append(message["text"].encode())
            return
        self.bodies.append(await Request(scope, receive).body())
        await PlainTextResponse("taken")(scope, receive, send)


def posted(path: str, content: bytes, method: str = "POST") -> tuple[httpx.Response, list[bytes]]:
    """Send ``content`` through the validation; return the answer and what came in."""
    inside = Inside()

    async def send() -> httpx.Response:
        """Send it without a server."""
        transport = httpx.ASGITransport(app=RequestValidator(inside))
        async with httpx.AsyncClient(transport=transport, base_url="http://door") as client:
            return await client.request(method, path, content=content, headers=JSON)

    return asyncio.run(send()), inside.bodies


@pytest.mark.parametrize("path", [CREATE, "/variables/", "/block_documents/", "/flows/filter"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_a_request_with_what_cannot_be_stored_is_refused(path: str, method: str) -> None:
    """Broken: it is stored, and whoever lists it gets a 500."""
    answer, came_in = posted(path, rb'{"parameters": {"project": "\ud800"}}', method)
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith("parameters.project: holds half of a character at character 1 (got")
    assert came_in == []


def test_a_plain_request_comes_in_as_it_was_sent() -> None:
    """Broken: the validation changes what it has nothing against."""
    body = b'{"parameters":   {"project": "shop", "x": "\\ud83d\\ude00"}}'
    answer, came_in = posted(CREATE, body)
    assert answer.text == "taken"
    assert came_in == [body]


@pytest.mark.parametrize("path", ["/logs/", "/artifacts/", "/flow_runs/1/set_state", "/events"])
def test_what_a_running_flow_tells_is_mended(path: str) -> None:
    """Broken: one bad line loses a flow its whole batch of logs, or its end."""
    _, came_in = posted(path, rb'[{"message": "good"}, {"message": "a\u0000\ud800"}]')
    assert [json.loads(body) for body in came_in] == [
        [{"message": "good"}, {"message": "a\ufffd\ufffd"}]
    ]


def test_a_template_is_refused_only_where_a_run_is_made() -> None:
    """Broken: an automation, which may have templates, can no longer be saved."""
    body = b'{"parameters": {"project": {"__prefect_kind": "jinja", "template": "x"}}}'
    refused, nothing = posted(CREATE, body)
    answer, came_in = posted("/automations/", body)
    assert (refused.status_code, nothing) == (422, [])
    assert (answer.status_code, came_in) == (200, [body])


def test_a_body_that_is_too_large_is_not_read_to_its_end() -> None:
    """Broken: a run of a hundred MiB is listed again and again, by a hundred at once."""
    answer, came_in = posted(CREATE, b'"' + b"x" * MAX_REQUEST_BYTES + b'"')
    assert answer.status_code == 413
    assert "body: is larger than 4 MiB" in answer.json()["detail"]
    assert came_in == []


def test_the_query_of_a_question_is_looked_at() -> None:
    """Broken: a date that is in no calendar comes in by the address instead of the body."""
    answer, came_in = posted("/flow_runs/1/graph-v2?since=0001-01-01T00:00:00%2B14:00", b"", "GET")
    assert (answer.status_code, came_in) == (422, [])
    answer, came_in = posted("/flow_runs/1/graph-v2?since=2026-01-01", b"", "GET")
    assert (answer.text, came_in) == ("taken", [b""])


def test_what_is_no_json_is_left_to_the_server() -> None:
    """Broken: the server's own word for broken JSON is lost."""
    _, came_in = posted(CREATE, b"{\x00")
    assert came_in == [b"{\x00"]


@pytest.mark.parametrize(
    ("sent", "received"),
    [
        (r'{"event": "x\ud800"}', '{"event": "x\\ufffd"}'),
        ('{"event": "x"}', '{"event": "x"}'),
        ("[" * 9000, "null"),
        ('{"occurred": "0001-01-01T00:00:00+14:00"}', "null"),
    ],
)
def test_events_that_come_by_a_socket_are_mended(sent: str, received: str) -> None:
    """Broken: an event of any flow makes the list of events unreadable."""
    inside = Inside()

    async def receive() -> Message:
        """Give the one message."""
        return {"type": "websocket.receive", "text": sent}

    async def send(_: Message) -> None:
        """Take what nobody sends."""

    asyncio.run(
        RequestValidator(inside)({"type": "websocket", "path": "/events/in"}, receive, send)
    )
    assert inside.bodies == [received.encode()]
