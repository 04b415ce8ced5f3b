"""Guards flow runs of operations against other code, and against deletion while they run.

A flow run that is created as ended stands for what never happened; the process of one that is
deleted goes on, unknown to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import HTTPException
from prefect.server.schemas.filters import (
    FlowRunFilter,
    FlowRunFilterId,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.server.schemas.states import StateType

from flows.configuration.parameter_errors import unfit
from stack.registration.operations import refuse_other_run, refuse_other_variables
from stack.registration.work_pool import QUEUES
from stack.server.pool_guard import PoolGuard
from stack.server.refusal import (
    Session,
    all_ids,
    intercept,
    models,
    name_of,
    refuse_change,
    refuse_deletion,
)
from stack.server.run_names import RunNames
from tasks.errors import BadInputError
from tasks.settings import settings

_AT_WORK = FlowRunFilterState(
    type=FlowRunFilterStateType(
        any_=[StateType.PENDING, StateType.RUNNING, StateType.PAUSED, StateType.CANCELLING]
    )
)
_TO_BEGIN = {StateType.SCHEDULED, StateType.PENDING}
_OF_A_RUN = {"parameters", "job_variables"}
"""Fields in which a flow run may differ from its deployment."""
_FREE = "env"
"""The job variable that a run may set: environment variables, but no other command or folder."""


class RunGuard:
    """Checks each flow run before it is created, changed or deleted.

    Args:
        operations: Returns the schema of the parameters of each operation, by its name as
            ``flow/name``.
        pool: Guards the work pool by which they run.
        run_names: Names and tags them.
    """

    def __init__(
        self,
        operations: Callable[[], Mapping[str, dict[str, Any]]],
        pool: PoolGuard,
        run_names: RunNames,
    ) -> None:
        self._operations, self._pool, self._run_names = operations, pool, run_names

    def install(self) -> None:
        """Intercept the model functions of this process."""
        intercept(models.flow_runs, "create_flow_run", self._create)
        intercept(models.flow_runs, "update_flow_run", self._update)
        for name in ("delete_flow_run", "delete_flow_runs"):
            intercept(models.flow_runs, name, _delete)

    async def _create(self, session: Session, flow_run: Any, **_: Any) -> None:
        if flow_run.deployment_id is None:
            await self._refuse_bare(session, flow_run)
            return
        requested = {field: getattr(flow_run, field) for field in _OF_A_RUN}
        if await self._check(session, flow_run.deployment_id, requested):
            await self._check_beginning(session, flow_run)
            await self._run_names.give(session, flow_run)

    async def _update(self, session: Session, flow_run_id: UUID, flow_run: Any) -> None:
        requested = {
            field: getattr(flow_run, field) for field in _OF_A_RUN & flow_run.model_fields_set
        }
        stored = await models.flow_runs.read_flow_run(session, flow_run_id) if requested else None
        if stored is not None and stored.deployment_id is not None:
            await self._check(session, stored.deployment_id, requested)

    async def _refuse_bare(self, session: Session, flow_run: Any) -> None:
        """Refuse a run that a worker would take, of a flow of ours and without its checks."""
        if flow_run.work_queue_id is None:
            return
        flow = await models.flows.read_flow(session, flow_run.flow_id)
        if flow and flow.name in {name.partition("/")[0] for name in self._operations()}:
            problem = f"is missing: {flow.name} is an operation of Slipway"
            remedy = "Make the run by /deployments/<id>/create_flow_run."
            refuse_change(BadInputError("deployment_id", None, problem, remedy))

    async def _check(
        self, session: Session, deployment_id: UUID, requested: Mapping[str, Any]
    ) -> bool:
        """Check the parameters again, as a request may disable Prefect's check or bypass it.

        Return whether it is a run of an operation.
        """
        stored = await models.deployments.read_deployment(session, deployment_id)
        schema = stored and self._operations().get(await name_of(session, stored))
        if not schema:
            return False
        variables = requested.get("job_variables") or {}
        others = {name: value for name, value in variables.items() if name != _FREE}
        try:
            refuse_other_run({"job_variables": others}, "")
            if _FREE in variables:
                refuse_other_variables(variables[_FREE], settings())
        except BadInputError as error:
            refuse_change(error)
        if "parameters" in requested and (complaint := unfit(schema, requested["parameters"])):
            raise HTTPException(HTTPStatus.CONFLICT, f"Error creating flow run: {complaint}")
        return True

    async def _check_beginning(self, session: Session, flow_run: Any) -> None:
        if flow_run.state is not None and flow_run.state.type not in _TO_BEGIN:
            problem = "is not a state in which an operation of Slipway begins"
            state = flow_run.state.type.value
            refuse_change(BadInputError("state", state, problem, "Leave it out."))
        queue_id = flow_run.work_queue_id
        if queue_id is not None and await self._pool.own_queue(session, queue_id) is None:
            problem = "is not a queue that runs operations of Slipway"
            remedy = f"Leave it out, or write one of {', '.join(QUEUES)}."
            error = BadInputError("work_queue_name", flow_run.work_queue_name, problem, remedy)
            refuse_change(error)


async def _delete(
    session: Session, flow_run_id: UUID | None = None, flow_run_ids: Iterable[UUID] = ()
) -> None:
    ids = all_ids(flow_run_id, flow_run_ids)
    await refuse_at_work(session, {}, FlowRunFilterId(any_=ids))


async def refuse_at_work(
    session: Session, filters: Mapping[str, Any], ids: FlowRunFilterId | None = None
) -> None:
    """Refuse to delete anything that has a running flow run, by filters of Prefect's models."""
    at_work = FlowRunFilter(state=_AT_WORK, id=ids)
    runs = await models.flow_runs.read_flow_runs(
        session=session, flow_run_filter=at_work, limit=1, **filters
    )
    for run in runs:
        remedy = "Cancel it first; once it has ended it can be deleted."
        refuse_deletion(
            "flow run", run.name, f"is {run.state_name}: its process would go on", remedy
        )
