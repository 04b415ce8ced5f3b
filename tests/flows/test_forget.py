"""Tests that find schedules and blocks which still name a forgotten project."""

from __future__ import annotations

from uuid import uuid4

from prefect.client.schemas.objects import DeploymentSchedule
from prefect.client.schemas.responses import DeploymentResponse
from prefect.client.schemas.schedules import CronSchedule

from flows.forget import naming


def scheduled(**parameters: str | list[str]) -> DeploymentSchedule:
    """Give a schedule with parameters."""
    schedule = DeploymentSchedule(
        schedule=CronSchedule(cron="0 4 * * *"), active=True, slug="daily"
    )
    return schedule.model_copy(update={"parameters": parameters})


def test_schedules_and_deployments_are_named() -> None:
    """Broken: a schedule starts a run every night that can only fail."""
    deployment = DeploymentResponse(
        name="default",
        flow_id=uuid4(),
        labels={},
        entrypoint="flows.backup.backup_flow",
        parameters={"environment": "dev"},
        schedules=[scheduled(project="shop"), scheduled(project="blog"), scheduled()],
    )
    assert list(naming(deployment, "shop")) == ["schedule daily of flows.backup.backup_flow"]
    assert list(naming(deployment, "shop", "dev")) == ["schedule daily of flows.backup.backup_flow"]
    assert list(naming(deployment, "shop", "staging")) == []
    several = deployment.model_copy(
        update={"schedules": [scheduled(projects=["blog", "shop"]), scheduled(projects=["s*"])]}
    )
    assert len(list(naming(several, "shop"))) == 1
    whole = deployment.model_copy(update={"parameters": {"project": "shop"}, "schedules": []})
    assert list(naming(whole, "shop")) == ["deployment flows.backup.backup_flow"]
