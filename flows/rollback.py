"""The flow `rollback`: moves the traffic of a project back to the previous release in one step."""

from __future__ import annotations

from prefect import flow, get_run_logger

from blocks.parameter import Name
from flows.configuration.block_loading import load_router, load_target, own_ledger
from flows.deploy import deployer
from flows.project.exposure import exposure_remarks
from flows.project.succession import deploy_overtaken
from flows.project.usage import uses_its_project
from flows.project.written_data import data_remarks
from flows.run_state.completion import answers_at, concluded
from flows.run_state.failure import fails_plainly
from tasks.deploy import task as deploying
from tasks.launch.target import launcher_of


@flow(
    name="rollback",
    flow_run_name="rollback {project} in {environment}",
    description="Move the traffic back to the former release, at once where it is still warm.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
@uses_its_project
async def rollback_flow(project: Name, environment: Name = "dev") -> str:
    """Go back to the release that served before the last deploy.

    A running deploy there that has not moved the traffic is withdrawn first.

    Args:
        project: Name of the Project block.
        environment: Name of the Environment block, e.g. `dev`.

    Returns:
        The digest of the release that is live now.
    """
    get_run_logger().info("Rolling back %s in %s", project, environment)
    target, router = await load_target(project, environment), await load_router()
    with own_ledger() as ledger:
        report = await deploying.rollback(deployer(target, router, ledger))
        launcher_of(target, ledger).acknowledge()
    remarks = [*await data_remarks(target), *await exposure_remarks(target)]
    summary = f"{project} {report.to_version} serves in {environment}: {answers_at(report.urls)}"
    return concluded(report.release, summary, remarks, await deploy_overtaken(report))
