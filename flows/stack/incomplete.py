"""Scheduled runs that lack a parameter: refused in a sentence, where the engine would crash.

Whoever starts a run is told by the API; of a schedule, the API takes any parameters.
"""

from __future__ import annotations

from prefect.client.orchestration import PrefectClient
from prefect.client.schemas.objects import FlowRun
from prefect.states import Failed

from tasks.errors import BadInputError


async def refuse_incomplete(client: PrefectClient, flow_run: FlowRun) -> bool:
    """Fail ``flow_run`` where its schedule leaves out what has no default; tell whether it did."""
    if not flow_run.auto_scheduled or flow_run.deployment_id is None:
        return False
    deployment = await client.read_deployment(flow_run.deployment_id)
    required = (deployment.parameter_openapi_schema or {}).get("required", [])
    lacking = [name for name in required if name not in flow_run.parameters]
    if not lacking:
        return False
    problem = "is not given by the schedule, and has no default"
    remedy = "Edit the schedule of the deployment and add it to the parameters."
    error = BadInputError(", ".join(lacking), flow_run.parameters, problem, remedy)
    await client.set_flow_run_state(flow_run.id, Failed(message=str(error)))
    return True
