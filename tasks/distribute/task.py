"""The Prefect tasks of distribute: plan a workload, explain its plan, and run one of its steps."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from itertools import islice
from typing import Any

from prefect import get_run_logger, task
from prefect.artifacts import (
    acreate_markdown_artifact,
    acreate_table_artifact,
)
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.states import Completed
from prefect.utilities.annotations import opaque

from blocks.goal import Goal
from blocks.providers.interface import Outcome
from blocks.redaction import last_lines
from tasks.artifact import artifact_key, one_line
from tasks.distribute.dispatch.packing import Pack, first_then
from tasks.distribute.dispatch.results import StepFailedError
from tasks.distribute.explaining.report import (
    eta_sentence,
    plan_headline,
    plan_sentence,
    plan_summary,
    reuse_sentences,
)
from tasks.distribute.explaining.shown_plan import explained, front_title, rows_and_chart
from tasks.distribute.planned import PlannedWorkload
from tasks.errors import SlipwayError, StaleFenceError
from tasks.estimates import Estimates
from tasks.picture import picture
from tasks.plan import FleetSnapshot, Plan
from tasks.planning.outlook import with_eta
from tasks.planning.pareto import NOTHING_TO_TRADE
from tasks.planning.planner import plan
from tasks.planning.replay import replay
from tasks.planning.strategy import PLANNED
from tasks.reuse.taken import NOTHING_REUSED, Reuse
from tasks.workload import Step, StepGraph

_JITTER = 0.2
# Nobody can read more arrows into one step, and the server has to store them.
_MAX_ARROWS = 100
_MAX_DELAY_SECONDS = 600.0
_QUOTED_LINES = 15


@task(
    name="distribute",
    task_run_name="distribute {graph.workload}",
    description="Plans which step runs where and in what order",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def distribute(
    graph: StepGraph,
    estimates: Estimates,
    fleet: FleetSnapshot,
    strategy: str = PLANNED,
    again: tuple[str, Plan] | None = None,
    *,
    goal: Goal | None = None,
    reuse: Reuse = NOTHING_REUSED,
) -> Plan:
    """Plan ``graph`` for ``goal``.

    ``again`` is a stored plan and its id: then its order and its providers are used. ``reuse`` is
    what is taken over from former runs, and so is not in ``graph``.

    Raises:
        BadInputError: the strategy is unknown, there is no provider, or a step fits none; the
            goal cannot be kept; or the stored plan is of another graph or fleet.
    """
    if again:
        name, stored = again
        new_plan = await asyncio.to_thread(replay, graph, estimates, fleet, stored, name)
    else:
        new_plan = await asyncio.to_thread(plan, graph, estimates, fleet, strategy, goal=goal)
    for sentence in (plan_sentence(new_plan), *reuse_sentences(reuse)):
        get_run_logger().info("%s", sentence)
    return new_plan


async def show_plan(planned: PlannedWorkload) -> Plan:
    """Show the plan as a table and as a chart; return it with the forecast of its end.

    Steps may run meanwhile.
    """
    graph, fleet, reuse = planned.to_run, planned.fleet, planned.reuse
    # Side by side, as most of the one is compiled code, which lets other threads run.
    with_end, (rows, chart) = await asyncio.gather(
        asyncio.to_thread(with_eta, graph, planned.estimates, fleet, planned.plan),
        asyncio.to_thread(rows_and_chart, graph, fleet, planned.plan, reuse),
    )
    if with_end.eta:
        get_run_logger().info("%s", eta_sentence(with_end.eta))
    headline = one_line(plan_headline(with_end))
    await acreate_table_artifact(
        key=artifact_key("plan", graph.project, graph.workload), table=rows, description=headline
    )
    await acreate_markdown_artifact(
        f"{picture(chart, f'Plan of {graph.workload}')}\n\n{plan_summary(with_end, reuse)}",
        key=artifact_key("plan-chart", graph.project, graph.workload),
        description=headline,
    )
    return with_end


@task(
    name="explain",
    task_run_name="explain {planned.graph.workload}",
    description="Shows what every strategy would make of it, and what would change the plan",
    cache_policy=NO_CACHE,
    persist_result=False,
)
async def explain(planned: PlannedWorkload, former: tuple[str, Plan] | None = None) -> None:
    """Show the plans of all strategies as a table, and what would change the plan as Markdown.

    Where providers have unequal prices, the Pareto front of cost and makespan is shown too.
    ``former`` is an earlier plan of the same workload and its id.
    """
    graph = planned.to_run
    explanation = await asyncio.to_thread(
        explained, graph, planned.estimates, planned.fleet, planned.plan, former
    )
    await acreate_table_artifact(
        key=artifact_key("strategies", graph.project, graph.workload),
        table=explanation.strategies,
        description=one_line(f"Plans of {graph.workload} by each strategy"),
    )
    await acreate_markdown_artifact(
        explanation.what_if,
        key=artifact_key("what-if", graph.project, graph.workload),
        description=one_line(f"What would change the plan of {graph.workload}"),
    )
    if not explanation.front:
        get_run_logger().info(NOTHING_TO_TRADE)
        return
    title = front_title(graph)
    await acreate_table_artifact(
        key=artifact_key("pareto", graph.project, graph.workload),
        table=explanation.front,
        description=one_line(title),
    )
    await acreate_markdown_artifact(
        picture(explanation.front_chart, title),
        key=artifact_key("pareto-chart", graph.project, graph.workload),
        description=one_line(title),
    )


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
