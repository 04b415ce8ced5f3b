"""The Prefect tasks of dispatch: run a step with its retries, by itself or in a pack with others."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import islice
from typing import Any

from prefect import get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.utilities.annotations import opaque

from blocks.providers.interface import Outcome
from blocks.redaction import last_lines
from tasks.distribute.dispatch.packing import Pack, first_then
from tasks.distribute.dispatch.results import StepFailedError
from tasks.errors import SlipwayError, StaleFenceError
from tasks.workload import Step

_JITTER = 0.2
# Nobody can read more arrows into one step, and the server has to store them.
_MAX_ARROWS = 100
_MAX_DELAY_SECONDS = 600.0
_QUOTED_LINES = 15


async def worth_retrying(_task: Any, _run: TaskRun, state: State[Any]) -> bool:
    """Tell whether a retry may help: after a failed attempt, but not after bad input."""
    error = await state.aresult(raise_on_failure=False)
    return isinstance(error, StepFailedError) or not isinstance(error, SlipwayError)


@task(
    name="step",
    task_run_name="{step.id}",
    description="One step of a workload; each attempt is placed and admitted by itself",
    cache_policy=NO_CACHE,
    retry_condition_fn=worth_retrying,
    retry_jitter_factor=_JITTER,
    persist_result=False,
)
async def run_step(
    step: Step, attempt: Callable[[], Awaitable[Outcome]], quote: Callable[[Outcome], str]
) -> Outcome:
    """Try ``step`` once; Prefect calls this again for each retry.

    ``quote`` returns the last lines of the output of an attempt.

    Raises:
        StepFailedError: the try did not succeed; its message ends with those lines.
        RefusedError: no provider can take it any more.
    """
    outcome = await attempt()
    if not outcome.succeeded:
        raise StepFailedError(step.id, outcome, quote(outcome))
    get_run_logger().info(
        "%s succeeded in %.2f s; its log: %s", step.id, outcome.seconds, outcome.log_path
    )
    return outcome


@task(
    name="steps",
    task_run_name="steps, pack {pack.number}",
    description="Short steps, or some of a large workload, that share a task run",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def show_pack(pack: Pack, logs: str) -> State[Any]:
    """Log how the steps of ``pack`` end, and end when all have; ``logs`` says where theirs are."""
    get_run_logger().info("%s", logs)
    async for line in pack.lines():
        get_run_logger().info("%s", line)
    return Completed(message=pack.sentence)


class SubmitByPrefect:
    """Wraps each step into a task run with its own retries and back-off, or into one with others.

    A step for which ``packed`` is true shares a task run. If its first attempt fails, it gets one of
    its own, which begins with that attempt. ``secrets`` are removed from the log lines that a failure
    quotes. ``after`` is the result of the task that steps without needs follow in the graph of the
    UI; the others follow their needs. ``logs`` says where the logs of steps are. ``failed`` counts the
    attempts by step that failed in former runs of the workload: they use up its retries.
    """

    def __init__(
        self,
        packed: Callable[[Step], bool] = lambda _: False,
        secrets: Collection[str] = (),
        after: object = None,
        logs: str = "",
        failed: Mapping[str, int] | None = None,
    ) -> None:
        self._packed = packed
        self._failed = failed or {}
        self._logs = logs
        self._secrets = secrets
        self._after = after
        self._outcomes: defaultdict[str, list[Outcome]] = defaultdict(list)
        self._packs: list[Pack] = []
        self._shown: list[asyncio.Future[Any]] = []

    async def __call__(self, step: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        """Run ``step`` to its end; raise StepFailedError where its last attempt failed."""
        if not self._packed(step):
            return await self._own(step, attempt)
        pack = self._open_pack()
        pack.add(step.id)
        first: Outcome | Exception
        try:
            first = await attempt()
        except StaleFenceError:
            raise
        except Exception as error:  # noqa: BLE001 - its own task run raises it
            first = error
        succeeded = isinstance(first, Outcome) and first.succeeded
        pack.ended(step.id, succeeded=succeeded)
        if isinstance(first, Outcome) and succeeded:
            return first
        return await self._own(step, first_then(first, attempt))

    async def close(self) -> None:
        """End the task runs that steps share; no step follows."""
        for pack in self._packs:
            pack.close()
        await asyncio.gather(*self._shown, return_exceptions=True)

    def _open_pack(self) -> Pack:
        if not self._packs or self._packs[-1].is_full:
            self._packs.append(Pack(len(self._packs) + 1))
            showing = show_pack(opaque(self._packs[-1]), self._logs, wait_for=[opaque(self._after)])
            self._shown.append(asyncio.ensure_future(showing))
        return self._packs[-1]

    async def _own(self, step: Step, attempt: Callable[[], Awaitable[Outcome]]) -> Outcome:
        delays = retry_delays(step, self._failed.get(step.id, 0))
        configured = run_step.with_options(retries=len(delays), retry_delay_seconds=delays)
        needed = (outcome for need in step.needs for outcome in self._outcomes.get(need, ()))
        upstream: list[object] = [*islice(needed, _MAX_ARROWS)] or [self._after]
        # Opaque: Prefect would draw an edge to every task with a result anywhere inside, and many
        # tasks share small values.
        outcome: Outcome = await configured(
            opaque(step),
            opaque(attempt),
            opaque(self._quote),
            wait_for=[opaque(result) for result in upstream],
        )
        self._outcomes[step.id].append(outcome)
        if step.group:
            self._outcomes[step.group].append(outcome)
        return outcome

    def _quote(self, outcome: Outcome) -> str:
        return "\n".join(last_lines(outcome.log_path, _QUOTED_LINES, self._secrets))


def retry_delays(step: Step, failed: int = 0) -> list[float]:
    """Return the delay before each retry, in seconds: doubled each time, up to a cap.

    A step that failed so often in former runs of its workload has so many fewer.
    """
    return [
        min(step.retry_delay_seconds * 2**retry, _MAX_DELAY_SECONDS)
        for retry in range(failed, step.retries)
    ]
