"""Intercepts the model functions of Prefect's server, and refuses what a check does not allow."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from http import HTTPStatus
from types import ModuleType
from typing import Any, NoReturn
from uuid import UUID

from fastapi import HTTPException
from prefect.server import models as typed_models

from tasks.errors import BadInputError

LEAVE = "Leave it: only `make up` would bring it back"

models: Any = typed_models
"""The models without types, which the decorators of their functions lose."""

Session = Any
Stored = Any
Check = Callable[..., Awaitable[None]]


def intercept(module: ModuleType, name: str, check: Check) -> None:
    """Wrap the function ``name`` of a module of models: ``check`` sees its arguments first."""
    act = getattr(module, name)

    async def checked(session: Session, **kwargs: Any) -> Any:
        """Call the original function, unless the check refuses."""
        await check(session, **kwargs)
        return await act(session=session, **kwargs)

    setattr(module, name, checked)


async def name_of(session: Session, deployment: Stored) -> str:
    """Return the name of a deployment, as ``flow/name``."""
    flow = await models.flows.read_flow(session, deployment.flow_id)
    return f"{flow.name}/{deployment.name}" if flow else ""


def all_ids(single: UUID | None, several: Iterable[UUID]) -> list[UUID]:
    """Return the ids that one request names, in whichever of both ways it does."""
    return [*several] if single is None else [single]


def refuse_change(error: BadInputError) -> NoReturn:
    """Refuse a change that a request would make, with HTTP 422."""
    raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def refuse_no_run(field: str, value: object) -> NoReturn:
    """Refuse a change that would have operations wait for ever."""
    problem, remedy = "would let no operation of Slipway run", "Write 1 or more, or pause it."
    refuse_change(BadInputError(field, value, problem, remedy))


def refuse_deletion(kind: str, name: str, problem: str, remedy: str) -> None:
    """Refuse a deletion that a request would make, with HTTP 409."""
    error = BadInputError(kind, name, problem, remedy)
    raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
