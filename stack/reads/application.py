"""The ASGI application of the reads: routes, and errors as answers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from stack.channel import BASE
from stack.log import say
from stack.reads.endpoint import Endpoint, Source
from stack.reads.estimate import ESTIMATE
from stack.reads.lanes import Lane
from stack.reads.logs import LOGS
from stack.reads.openapi import document
from stack.reads.page import POLICY, page
from stack.reads.queue import QUEUE
from stack.reads.releases import RELEASES
from stack.reads.snapshots import SNAPSHOTS
from stack.reads.status import STATUS, STATUS_OF_PROJECT
from tasks.errors import BadInputError, NotFoundError, SlipwayError

ENDPOINTS = (STATUS, STATUS_OF_PROJECT, ESTIMATE, SNAPSHOTS, RELEASES, LOGS, QUEUE)
HEALTH = "/health"

Handler = Callable[[Request], Awaitable[Response]]


def application(source: Source, endpoints: Sequence[Endpoint] = ENDPOINTS) -> Starlette:
    """Return the application that reads from ``source``."""
    lanes = {each.noun: Lane(each.noun) for each in endpoints}
    routes = [
        Route(f"{BASE}{each.path}", _handler(each, source, lanes[each.noun]), methods=["GET"])
        for each in endpoints
    ]
    described = json.dumps(document(endpoints))
    html = page(endpoints)
    policy = {"content-security-policy": POLICY}
    fixed: dict[str, Callable[[], Response]] = {
        HEALTH: partial(JSONResponse, content=True),
        "/openapi.json": partial(Response, content=described, media_type="application/json"),
        "/docs": partial(HTMLResponse, content=html, headers=policy),
    }
    routes += [
        Route(f"{BASE}{path}", _fixed(make), methods=["GET"]) for path, make in fixed.items()
    ]
    return Starlette(routes=routes, exception_handlers={HTTPException: _no_such_path})


def _handler(endpoint: Endpoint, source: Source, lane: Lane) -> Handler:
    async def handle(request: Request) -> Response:
        """Read, in a thread."""
        given = [*request.path_params.items(), *request.query_params.multi_items()]
        try:
            answer = await lane.run(partial(endpoint.answer, source, given))
        except SlipwayError as error:
            return _refusal(error)
        except Exception as error:
            say(f"{endpoint.path} failed: {error!r}")
            raise
        headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
        return Response(answer, media_type="application/json", headers=headers)

    return handle


def _fixed(make: Callable[[], Response]) -> Handler:
    async def handle(request: Request) -> Response:
        """Answer what never changes."""
        del request
        return make()

    return handle


def _refusal(error: SlipwayError) -> Response:
    """Return an error as Prefect's API does, with its parts beside the sentence."""
    if not isinstance(error, BadInputError):
        return JSONResponse({"detail": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE)
    status = (
        HTTPStatus.NOT_FOUND
        if isinstance(error, NotFoundError)
        else HTTPStatus.UNPROCESSABLE_ENTITY
    )
    return JSONResponse({"detail": str(error), **error.parts}, status)


async def _no_such_path(request: Request, error: Exception) -> Response:
    """Name the paths there are, or the only method."""
    status = error.status_code if isinstance(error, HTTPException) else HTTPStatus.NOT_FOUND
    if status == HTTPStatus.METHOD_NOT_ALLOWED:
        wrong = BadInputError("method", request.method, "changes nothing here", "Use GET.")
    else:
        known = [f"{BASE}{each.path}" for each in ENDPOINTS]
        wrong = NotFoundError("path", request.url.path, known, f"See {BASE}/docs.")
    return JSONResponse({"detail": str(wrong), **wrong.parts}, status)
