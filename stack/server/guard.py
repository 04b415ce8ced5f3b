"""Guards Slipway's deployments and flows in Prefect's server against changes and deletions.

An operation without its checks takes anything; one that is deleted comes back only with the next
`make up`; and the process of a flow run that is deleted goes on, unknown to the server.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any
from uuid import UUID

from fastapi import HTTPException
from prefect.server.schemas.core import DeploymentSchedule
from prefect.server.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowFilter,
    FlowFilterId,
)

from flows.configuration.parameter_errors import unfit
from stack.registration.operations import kept_checks, refuse_other_run
from stack.registration.work_pool import QUEUES
from stack.server.block_guard import guard_block_types
from stack.server.former_names import FormerNames
from stack.server.pool_guard import PoolGuard
from stack.server.refusal import (
    LEAVE,
    Session,
    Stored,
    all_ids,
    intercept,
    models,
    name_of,
    refuse_change,
    refuse_deletion,
    refuse_no_run,
)
from stack.server.run_guard import RunGuard, refuse_at_work
from stack.server.run_names import RunNames
from tasks.errors import BadInputError


class Guard:
    """Checks each change and deletion before it is made.

    Args:
        operations: Returns the schema of the parameters of each operation, by its name as
            ``flow/name``.
        entrypoints: Returns the flow of each, likewise.
        pool: Guards the work pool by which they run.
        run_names: Returns the template of the names of each one's runs, likewise.
    """

    def __init__(
        self,
        operations: Callable[[], Mapping[str, dict[str, Any]]],
        entrypoints: Callable[[], Mapping[str, str]],
        pool: PoolGuard,
        run_names: Callable[[], Mapping[str, str]],
    ) -> None:
        self._operations, self._entrypoints, self._pool = operations, entrypoints, pool
        self._run_names = RunNames(run_names, operations)
        self._former_names = FormerNames(entrypoints)

    def install(self) -> None:
        """Intercept this process's model functions, through which requests change data."""
        intercept(models.deployments, "create_deployment", self._create)
        intercept(models.deployments, "update_deployment", self._update)
        intercept(models.deployments, "update_deployment_schedule", _keep_unsent_fields)
        for name in ("delete_deployment", "delete_deployments"):
            intercept(models.deployments, name, self._delete_deployments)
        for name in ("delete_flow", "delete_flows"):
            intercept(models.flows, name, self._delete_flows)
        intercept(models.concurrency_limits_v2, "update_concurrency_limit", self._update_limit)
        self._former_names.answer()
        self._pool.install()
        RunGuard(self._operations, self._pool, self._run_names).install()
        self._run_names.give_scheduled()
        guard_block_types()

    async def _create(self, session: Session, deployment: Any) -> None:
        schema = await self._keep_checks(session, deployment, deployment)
        if schema is None:
            return
        if "parameters" in deployment.model_fields_set and (
            complaint := unfit(schema, deployment.parameters, partial=True)
        ):
            raise HTTPException(HTTPStatus.CONFLICT, f"Error creating deployment: {complaint}")
        queue_id = deployment.work_queue_id
        if queue_id is not None and await self._pool.own_queue(session, queue_id) is None:
            self._refuse_other_queue("work_queue_name", deployment.work_queue_name)
        if "schedules" not in deployment.model_fields_set:
            await _keep_schedules(session, deployment)

    async def _update(self, session: Session, deployment_id: UUID, deployment: Any) -> None:
        stored = await models.deployments.read_deployment(session, deployment_id)
        if stored is None:
            return
        await self._former_names.rename(session, stored)
        if await self._keep_checks(session, stored, deployment) is None:
            return
        pool, queue = deployment.work_pool_name, deployment.work_queue_name
        if queue is not None and queue not in QUEUES:
            self._refuse_other_queue("work_queue_name", queue)
        if pool != self._pool.name and ("work_pool_name" in deployment.model_fields_set or queue):
            self._refuse_other_queue("work_pool_name", pool)
        if limit_id := deployment.global_concurrency_limit_id:
            limit = await models.concurrency_limits_v2.read_concurrency_limit(
                session, concurrency_limit_id=limit_id
            )
            if limit is not None and limit.limit == 0:
                refuse_no_run("global_concurrency_limit_id", str(limit_id))

    def _refuse_other_queue(self, field: str, value: str | None) -> None:
        problem = "is not a queue that runs operations of Slipway"
        remedy = (
            f"Write the work pool {self._pool.name} and one of its queues: {', '.join(QUEUES)}."
        )
        refuse_change(BadInputError(field, value, problem, remedy))

    async def _keep_checks(
        self, session: Session, stored: Stored, change: Any
    ) -> dict[str, Any] | None:
        """Return the schema of an operation's parameters; None if it is not one of ours."""
        name = await name_of(session, stored)
        schema = self._operations().get(name)
        if schema is None:
            return None
        requested = {field: getattr(change, field) for field in change.model_fields_set}
        try:
            refuse_other_run(requested, self._entrypoints().get(name, ""))
            corrected = kept_checks(requested, schema)
        except BadInputError as error:
            refuse_change(error)
        for field, value in corrected.items():
            setattr(change, field, value)
        return schema

    async def _update_limit(
        self, session: Session, concurrency_limit: Any, **identifier: Any
    ) -> None:
        if concurrency_limit.limit != 0:
            return
        limit = await models.concurrency_limits_v2.read_concurrency_limit(session, **identifier)
        if limit is None:
            return
        for stored in await models.deployments.read_deployments(session=session):
            is_limited = stored.concurrency_limit_id == limit.id
            if is_limited and await name_of(session, stored) in self._operations():
                refuse_no_run("limit", 0)

    async def _delete_deployments(
        self,
        session: Session,
        deployment_id: UUID | None = None,
        deployment_ids: Iterable[UUID] = (),
    ) -> None:
        ids = all_ids(deployment_id, deployment_ids)
        filters = {"deployment_filter": DeploymentFilter(id=DeploymentFilterId(any_=ids))}
        await self._refuse_own(session, filters)
        await refuse_at_work(session, filters)

    async def _delete_flows(
        self, session: Session, flow_id: UUID | None = None, flow_ids: Iterable[UUID] = ()
    ) -> None:
        ids = all_ids(flow_id, flow_ids)
        filters = {"flow_filter": FlowFilter(id=FlowFilterId(any_=ids))}
        await self._refuse_own(session, filters)
        await refuse_at_work(session, filters)

    async def _refuse_own(self, session: Session, filters: Mapping[str, Any]) -> None:
        operations = self._operations()
        for stored in await models.deployments.read_deployments(session=session, **filters):
            name = await name_of(session, stored)
            if name in operations:
                remedy = f"{LEAVE}. Pausing it stops its schedules, and pausing a work queue stops all runs in it."
                refuse_deletion("deployment", name, "is an operation of Slipway", remedy)


async def _keep_unsent_fields(_session: Session, schedule: Any, **_: object) -> None:
    """Keep what a change of a schedule does not send: Prefect would empty its parameters.

    Prefect's own command sends only the switch.
    """
    for name in type(schedule).model_fields.keys() - schedule.model_fields_set:
        setattr(schedule, name, None)  # None is not written


async def _keep_schedules(session: Session, deployment: Any) -> None:
    """Keep the stored schedules of a deployment that is sent without any."""
    flow = await models.flows.read_flow(session, deployment.flow_id)
    stored = await models.deployments.read_deployment_by_name(
        session=session, name=deployment.name, flow_name=flow.name
    )
    if stored is not None:
        deployment.schedules = [
            DeploymentSchedule.model_validate(schedule, from_attributes=True)
            for schedule in stored.schedules
        ]
