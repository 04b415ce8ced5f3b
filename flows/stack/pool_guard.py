"""What the work pool of operations and its queues are kept from: being no longer theirs.

An operation whose queue has another name, or takes no run, stays Late for ever.
"""

from __future__ import annotations

from typing import Any, NoReturn
from uuid import UUID

from flows.stack.refusal import (
    LEAVE,
    Session,
    Stored,
    models,
    refuse_change,
    refuse_deletion,
    stand_before,
)
from flows.stack.work_pool import QUEUES
from tasks.errors import BadInputError


class PoolGuard:
    """Looks at each change and deletion of the pool called ``pool`` and of its queues."""

    def __init__(self, pool: str) -> None:
        self._pool = pool

    def stand(self) -> None:
        """Stand before the models of this process."""
        stand_before(models.workers, "update_work_pool", self._update_pool)
        stand_before(models.workers, "delete_work_pool", self._delete_pool)
        for module in (models.workers, models.work_queues):
            stand_before(module, "update_work_queue", self._update_queue)
            stand_before(module, "delete_work_queue", self._delete_queue)

    async def own_queue(self, session: Session, work_queue_id: UUID) -> Stored | None:
        """Return the work queue if it is one by which operations run."""
        queue = await models.workers.read_work_queue(session, work_queue_id)
        if queue is None or queue.name not in QUEUES or queue.work_pool_id is None:
            return None
        pool = await models.workers.read_work_pool(session, queue.work_pool_id)
        return queue if pool is not None and pool.name == self._pool else None

    async def _delete_pool(self, session: Session, work_pool_id: UUID) -> None:
        pool = await models.workers.read_work_pool(session, work_pool_id)
        if pool is not None and pool.name == self._pool:
            refuse_deletion("work pool", pool.name, "runs the operations of Slipway", LEAVE)

    async def _update_pool(
        self, session: Session, work_pool_id: UUID, work_pool: Any, **_: Any
    ) -> None:
        if work_pool.concurrency_limit == 0:
            pool = await models.workers.read_work_pool(session, work_pool_id)
            if pool is not None and pool.name == self._pool:
                _refuse_no_run()

    async def _delete_queue(self, session: Session, work_queue_id: UUID) -> None:
        if queue := await self.own_queue(session, work_queue_id):
            refuse_deletion("work queue", queue.name, "runs operations of Slipway", LEAVE)

    async def _update_queue(
        self, session: Session, work_queue_id: UUID, work_queue: Any, **_: Any
    ) -> None:
        renamed = "name" in work_queue.model_fields_set
        if not renamed and work_queue.concurrency_limit != 0:
            return  # workers tell of each poll so
        queue = await self.own_queue(session, work_queue_id)
        if queue is None:
            return
        if renamed and work_queue.name != queue.name:
            problem = f"is another name than {queue.name}, by which operations of Slipway are run"
            refuse_change(BadInputError("name", work_queue.name, problem, "Leave it out."))
        if work_queue.concurrency_limit == 0:
            _refuse_no_run()


def _refuse_no_run() -> NoReturn:
    problem, remedy = "would let no operation of Slipway run", "Write 1 or more, or pause it."
    refuse_change(BadInputError("concurrency_limit", 0, problem, remedy))
