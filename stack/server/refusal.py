"""How the models of Prefect's server, by which every request changes something, are stood before."""

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
"""Without their types, which get lost in the decorators of their functions."""

Session = Any
Stored = Any
Check = Callable[..., Awaitable[None]]


def stand_before(module: ModuleType, name: str, check: Check) -> None:
    """Have ``check`` look at what the function ``name`` of a module of models is given, first."""
    act = getattr(module, name)

    async def act_once_checked(session: Session, **given: Any) -> Any:
        """Act as Prefect does, unless it is refused."""
        await check(session, **given)
        return await act(session=session, **given)

    setattr(module, name, act_once_checked)


async def name_of(session: Session, deployment: Stored) -> str:
    """Return the name of a deployment, as ``flow/name``."""
    flow = await models.flows.read_flow(session, deployment.flow_id)
    return f"{flow.name}/{deployment.name}" if flow else ""


def all_ids(single: UUID | None, several: Iterable[UUID]) -> list[UUID]:
    """Return the ids of what one request is about, by whichever of both it says so."""
    return [*several] if single is None else [single]


def refuse_change(error: BadInputError) -> NoReturn:
    """Refuse what a request would change, with HTTP 422."""
    raise HTTPException(HTTPStatus.UNPROCESSABLE_ENTITY, str(error)) from error


def refuse_no_run(field: str, value: object) -> NoReturn:
    """Refuse what would have operations wait for ever."""
    problem, remedy = "would let no operation of Slipway run", "Write 1 or more, or pause it."
    refuse_change(BadInputError(field, value, problem, remedy))


def refuse_deletion(kind: str, name: str, problem: str, remedy: str) -> None:
    """Refuse what a request would delete, with HTTP 409."""
    error = BadInputError(kind, name, problem, remedy)
    raise HTTPException(HTTPStatus.CONFLICT, str(error)) from error
