"""Guards the work pool of operations and its queues against renaming, closing and deletion.

An operation whose queue has another name, or takes no run, stays Late for ever; one whose pool has
another job template runs what that template says.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from stack.registration.work_pool import QUEUES
from stack.server.refusal import (
    LEAVE,
    Session,
    Stored,
    intercept,
    models,
    refuse_change,
    refuse_deletion,
    refuse_no_run,
)
from tasks.errors import BadInputError


class PoolGuard:
    """Checks each change and deletion of a pool and of its queues.

    Args:
        name: The name of the pool.
        template: Returns its job template as `make up` registers it; empty if none is known.
    """

    def __init__(self, name: str, template: Callable[[], dict[str, Any]]) -> None:
        self.name, self._template = name, template

    def install(self) -> None:
        """Intercept the model functions of this process."""
        intercept(models.workers, "update_work_pool", self._update_pool)
        intercept(models.workers, "delete_work_pool", self._delete_pool)
        for module in (models.workers, models.work_queues):
            intercept(module, "update_work_queue", self._update_queue)
            intercept(module, "delete_work_queue", self._delete_queue)

    async def own_queue(self, session: Session, work_queue_id: UUID) -> Stored | None:
        """Return the work queue if it is one by which operations run."""
        queue = await models.workers.read_work_queue(session, work_queue_id)
        if queue is None or queue.name not in QUEUES or queue.work_pool_id is None:
            return None
        pool = await models.workers.read_work_pool(session, queue.work_pool_id)
        return queue if pool is not None and pool.name == self.name else None

    async def _delete_pool(self, session: Session, work_pool_id: UUID) -> None:
        pool = await models.workers.read_work_pool(session, work_pool_id)
        if pool is not None and pool.name == self.name:
            refuse_deletion("work pool", pool.name, "runs the operations of Slipway", LEAVE)

    async def _update_pool(
        self, session: Session, work_pool_id: UUID, work_pool: Any, **_: Any
    ) -> None:
        templated = "base_job_template" in work_pool.model_fields_set
        if not templated and work_pool.concurrency_limit != 0:
            return
        pool = await models.workers.read_work_pool(session, work_pool_id)
        if pool is None or pool.name != self.name:
            return
        if work_pool.concurrency_limit == 0:
            refuse_no_run("concurrency_limit", 0)
        if templated:
            self._refuse_other_template(work_pool.base_job_template)

    def _refuse_other_template(self, template: object) -> None:
        registered = self._template()
        if registered and template != registered:
            problem = "would run operations of Slipway otherwise than `make up` registers them"
            error = BadInputError("base_job_template", template, problem, "Leave it out.")
            refuse_change(error)

    async def _delete_queue(self, session: Session, work_queue_id: UUID) -> None:
        if queue := await self.own_queue(session, work_queue_id):
            refuse_deletion("work queue", queue.name, "runs operations of Slipway", LEAVE)

    async def _update_queue(
        self, session: Session, work_queue_id: UUID, work_queue: Any, **_: Any
    ) -> None:
        renamed = "name" in work_queue.model_fields_set
        if not renamed and work_queue.concurrency_limit != 0:
            return  # workers report each poll this way
        queue = await self.own_queue(session, work_queue_id)
        if queue is None:
            return
        if renamed and work_queue.name != queue.name:
            problem = f"renames {queue.name}, a queue that runs operations of Slipway"
            refuse_change(BadInputError("name", work_queue.name, problem, "Leave it out."))
        if work_queue.concurrency_limit == 0:
            refuse_no_run("concurrency_limit", 0)
