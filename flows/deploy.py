"""The flow `deploy`: moves a project's traffic to another version without dropping a request."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from prefect import flow
from pydantic import WithJsonSchema

from blocks.parameter import Name, NameOrAll, Projects, Version
from blocks.providers.process.detached import own_identity
from blocks.routers.interface import Router
from flows.configuration.block_loading import own_ledger
from flows.configuration.run_names import named
from flows.project.exposure import exposure_remarks
from flows.project.side_by_side import Request, Subject, on_projects, part
from flows.project.succession import deploy_overtaken
from flows.project.written_data import data_remarks
from flows.run_state.completion import answers_at, concluded
from flows.run_state.failure import fails_plainly
from tasks.deploy import task as deploying
from tasks.deploy.deployer import Deployer
from tasks.deploy.target import DeployTarget
from tasks.launch.target import Target, launcher_of
from tasks.ledger.connection import Ledger
from tasks.public_port_range import public_range
from tasks.settings import settings


@flow(
    name="deploy",
    flow_run_name=named("deploy {project} {version} to {environment}"),
    description="Start a version beside the live one, gate it by health, switch, drain.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
async def deploy_flow(
    project: NameOrAll = "",
    projects: Projects = None,
    environment: Name = "dev",
    version: Version = "",
    strategy: Annotated[
        # Of a single value, pydantic makes a constant, of which the UI says that it is one.
        Literal["blue_green"],
        WithJsonSchema({"type": "string", "enum": ["blue_green"]}),
    ] = "blue_green",
) -> str | list[dict[str, Any]]:
    """Deploy a version without dropping a request.

    The new version is started beside the live one and gets traffic only when every replica is
    healthy; requests in flight finish on the old one, which is kept warm for a rollback. A version
    that fails its gate leaves nothing behind. What the old one has written into its own folder is
    carried over where `data` names it or it is a database; what is not is kept, and named in the
    state of the run.

    Args:
        project: Name of the Project block; empty where `projects` are given.
        projects: Several projects instead, each of which is deployed by itself: names, globs such as
            `web-*`, tags such as `tag:team-a`.
        environment: Name of the Environment block, e.g. `dev`.
        version: The version to deploy; empty: the project's own. For Git: branch, tag or commit.
        strategy: How traffic is moved. `blue_green`: at once, to a version that is healthy beside the
            old one.

    Returns:
        The digest of the release that is live now; of several projects, what became of each.
    """

    async def deploy(subject: Subject) -> str:
        """Deploy one project."""
        target, router = subject.target, subject.router
        with own_ledger() as ledger:
            target_deployer = deployer(target, router, ledger)
            report = await part(deploying.deploy)(target_deployer, version, strategy)
        remarks = [*await data_remarks(target), *await exposure_remarks(target)]
        serving = f"{target.project} {report.to_version} serves in {environment}"
        summary = f"{serving}: {answers_at(report.urls)}"
        return concluded(report.release, summary, remarks, await deploy_overtaken(report))

    request = Request("deploy", project, projects, environment)
    return await on_projects(request, deploy, uses=True)


def deployer(target: Target, router: Router, ledger: Ledger) -> Deployer:
    """Return the deployer of ``target``."""
    config = settings()
    span = public_range(config)
    slots = span.last - span.first + 1
    place = DeployTarget(target.project, target.environment, span.host, span.first, slots)
    launcher, owner = launcher_of(target, ledger), own_identity().encode()
    return Deployer(ledger, launcher, router, place, owner)
