"""The flow `estimate`: shows what past runs predict of a step, workload or flow."""

from __future__ import annotations

import asyncio
from typing import Any

from prefect import flow
from prefect.client.schemas.objects import State
from prefect.states import Completed

from blocks.parameter import HistoryKey, NameOrAll, WorkloadNameOrAll
from flows.configuration.block_loading import PROJECT, own_ledger
from flows.configuration.block_reading import documents
from flows.configuration.run_names import named
from flows.run_state.failure import fails_plainly
from tasks.ledger.expectations import expectations, known_keys
from tasks.observe import task as observing
from tasks.observe.expected import asked_key, nothing_expected, summary, table


@flow(
    name="estimate",
    flow_run_name=named("estimate {key} {project} {workload}"),
    description="Forecast how long something takes, what it needs and how likely it succeeds.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def estimate_flow(
    key: HistoryKey = "", project: NameOrAll = "", workload: WorkloadNameOrAll = ""
) -> State[list[dict[str, Any]]]:
    """Return the estimates that planning would use.

    Either a key is given, or a project, with or without one of its workloads.

    Args:
        key: What to look up: `<project>/<workload>/<step>`, or `flow/<name>` of any flow of this
            server; the key of a workload gives all its steps and tests.
        project: Name of a Project; empty: the key says it.
        workload: Name of one of the project's workloads; empty: all of them.

    Returns:
        One row an estimate, as in the table artifact `estimate`.
    """
    history_key = asked_key(key, project, workload)
    with own_ledger() as ledger:
        rows = await asyncio.to_thread(expectations, ledger, history_key)
        if not rows:
            keys, configured = known_keys(ledger), await documents(PROJECT)
            raise nothing_expected(key, project, workload, keys, configured)
    await observing.expected(history_key, rows)
    return Completed(message=summary(history_key, rows), data=table(rows))
