"""The flow `ship`: launches, tests, backs up and deploys a version in one flow."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from prefect import flow, get_run_logger
from prefect.artifacts import acreate_markdown_artifact
from prefect.utilities.annotations import opaque

from blocks.parameter import Name, Version
from blocks.providers.interface import Outcome
from blocks.repositories.restic import ResticRepository
from blocks.routers.interface import Router
from blocks.workload_spec import SplittableSpec, WorkloadChoiceOrNone
from flows.backup import (
    failure_emitted,
    has_data,
    refuse_impossible_backup,
    take_snapshot,
)
from flows.configuration.block_loading import (
    load_providers,
    load_repository,
    load_router,
    load_target,
    own_ledger,
)
from flows.configuration.run_names import named
from flows.deploy import deployer
from flows.project.exposure import exposure_remarks
from flows.project.succession import deploy_overtaken
from flows.project.usage import uses_its_project
from flows.project.written_data import data_remarks
from flows.run_state.completion import answers_at, concluded
from flows.run_state.failure import fails_plainly
from flows.workload.job import Job, WorkloadFailedError
from flows.workload.lifecycle import run_workload
from flows.workload.selection import chosen_workload, refuse_impossible_workload
from tasks.artifact import artifact_key, one_line
from tasks.backup.warnings import warnings_of
from tasks.deploy import task as deploying
from tasks.deploy.report import RolloutReport
from tasks.launch import task as launching
from tasks.launch.convergence import Launched
from tasks.launch.serving_release import live_release
from tasks.launch.target import Target, launcher_of
from tasks.ledger.connection import Ledger
from tasks.observe.summary import ShipSummary, WorkloadSummary, estimate_sentence, ship_markdown
from tasks.release import Release


@flow(
    name="ship",
    flow_run_name=named("ship {project} {version} to {environment}"),
    description="Launch, split, distribute, allocate, back up and deploy a version.",
    persist_result=True,
    result_serializer="json",
)
@fails_plainly
@uses_its_project
async def ship_flow(
    project: Name,
    environment: Name = "dev",
    version: Version = "",
    workload: WorkloadChoiceOrNone = "tests",
) -> str:
    """Bring a version of a project to an environment: tested, backed up, and without an outage.

    What is live is launched where it does not run; then the version is built and its workload
    runs, the data is backed up, and the traffic is moved to the very release that was tested. A
    workload that fails, or a version that is not healthy, changes nothing of what is live; of a
    first version nothing runs before its workload has succeeded.

    Args:
        project: Name of the Project block.
        environment: Name of the Environment block, e.g. `dev`.
        version: The version to ship; empty: the project's own. For Git: branch, tag or commit.
        workload: What must succeed first: one of the project's workloads, or one written here;
            empty: nothing.

    Returns:
        The addresses at which the version answers.
    """
    target, router = await load_target(project, environment), await load_router()
    repository = await load_repository(target.spec.repository)
    selection = chosen_workload(target, workload, may_be_empty=True) if workload else None
    machines = await load_providers([])
    shipment = Shipment(target, version or target.spec.version)
    with own_ledger() as ledger:
        refuse_impossible_backup(target, repository)
        if selection:
            refuse_impossible_workload(target, *selection, machines, ledger)
        try:
            await _ship(shipment, router, selection, repository, ledger)
        finally:
            closing = shipment.summary()
            await acreate_markdown_artifact(
                ship_markdown(closing),
                key=artifact_key("ship", project, environment),
                description=one_line(closing.headline),
            )
    if shipment.workload:
        get_run_logger().info(estimate_sentence(shipment.workload))
    place_remarks = [*await data_remarks(target), *await exposure_remarks(target)]
    tested = shipment.workload.warnings if shipment.workload else ()
    remarks = [*tested, *shipment.warnings, *place_remarks]
    since = await deploy_overtaken(shipment.report) if shipment.report else ""
    summary = f"{closing.headline}; {answers_at(shipment.urls)}"
    return concluded(", ".join(shipment.urls.values()), summary, remarks, since)


@dataclass(slots=True)
class Shipment:
    """The progress and results of one `ship` so far."""

    target: Target
    version: str
    parts: list[tuple[str, float, str]] = field(default_factory=list)
    workload: WorkloadSummary | None = None
    urls: Mapping[str, str] = field(default_factory=dict)
    report: RolloutReport | None = None
    release: str = ""
    replaced: str = ""
    snapshot: str = ""
    warnings: tuple[str, ...] = ()

    def skip(self, name: str, why: str) -> None:
        """Record that the part ``name`` was skipped, and why."""
        self.parts.append((name, 0.0, f"skipped: {why}"))

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Record how long the part ``name`` took, and whether it failed."""
        began, outcome = time.monotonic(), "failed"
        try:
            yield
            outcome = "done"
        finally:
            self.parts.append((name, time.monotonic() - began, outcome))

    def summary(self) -> ShipSummary:
        """Return the closing report's values."""
        return ShipSummary(
            self.target.project,
            self.target.environment,
            self.version,
            tuple(self.parts),
            self.workload,
            tuple(self.urls.values()),
            self.release,
            self.replaced,
            self.snapshot,
        )


async def _ship(
    shipment: Shipment,
    router: Router,
    selection: tuple[str, SplittableSpec] | None,
    repository: ResticRepository,
    ledger: Ledger,
) -> None:
    target = shipment.target
    with shipment.part("build"):
        release = await launching.build(target, shipment.version, anew=True)
    live = live_release(launcher_of(target, ledger))
    launched = await _revive(shipment, live, router)
    last: tuple[Outcome, ...] = ()
    if selection:
        with shipment.part("split, distribute, allocate, run"):
            last = await _run_workload(shipment, release, *selection, ledger)
    after: list[object] = [*launched, *last]
    if live or has_data(target):
        with (
            shipment.part("backup"),
            failure_emitted(target.project, target.environment),
        ):
            snapshot = await take_snapshot(target, repository, ledger, after=after)
            shipment.snapshot, after = snapshot.id, [snapshot]
            shipment.warnings = tuple(warnings_of(snapshot, stateless=target.spec.stateless))
    else:
        shipment.skip("backup", "there is no data yet")
    with shipment.part("deploy"):
        # The release itself: its version may stand for something else by now, or for nothing.
        report = await deploying.deploy(
            opaque(deployer(target, router, ledger)),
            opaque(release),
            wait_for=[opaque(result) for result in after],
        )
    shipment.release, shipment.replaced = report.release, report.from_version
    shipment.urls, shipment.report = report.urls, report


async def _revive(shipment: Shipment, live: Release | None, router: Router) -> list[Launched]:
    """Revive what is live as it was, since nothing new or changed may serve before it is tested."""
    if live is None:
        shipment.skip("launch", "nothing is live there yet")
        return []
    with shipment.part("launch"):
        revived = await launching.revive(shipment.target, router)
    shipment.urls = revived.urls if revived else {}
    return [revived] if revived else []


async def _run_workload(
    shipment: Shipment, release: Release, name: str, spec: SplittableSpec, ledger: Ledger
) -> tuple[Outcome, ...]:
    job = Job(shipment.target, release, name, spec, await load_providers([]))
    ran = await run_workload(job, ledger)
    shipment.workload = ran.summary
    if not ran.summary.succeeded:
        raise WorkloadFailedError(ran.summary)
    return ran.last
