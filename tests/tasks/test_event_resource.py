"""Tests of what events are about: ids are unique, and labels can be matched."""

from __future__ import annotations

from itertools import product

from tasks.event_resource import ServiceKey, insight_resource, project_resource, provider_resource

RESOURCES = {
    "project": project_resource("shop", "prod"),
    "service": ServiceKey("shop", "prod", "web").resource(),
    "provider": provider_resource("local"),
    "insight": insight_resource("backup", "shop/prod", "critical"),
}


def test_ids_of_services_and_projects_are_unique() -> None:
    """An automation on one service would be started by another."""
    names, services = ("a", "a-b", "b"), ("web", "a.b", "service.web", "b.service.web")
    places = list(product(names, names))
    resources = [
        *(project_resource(*place) for place in places),
        *(ServiceKey(*place, service).resource() for place, service in product(places, services)),
        *(provider_resource(name) for name in names),
    ]
    assert len({resource.id for resource in resources}) == len(resources)


def test_the_id_of_a_service_starts_with_that_of_its_project() -> None:
    """Nobody could match all that happens to one project by one pattern."""
    service = ServiceKey("shop", "prod", "web").resource()
    assert service.id == "slipway.project.shop.prod.service.web"
    assert service.id.startswith(f"{project_resource('shop', 'prod').id}.")
    assert service.name == "web of shop in prod"


def test_a_resource_carries_its_labels_and_role() -> None:
    """A trigger that is narrowed to a project would match nothing."""
    assert project_resource("shop", "prod").document("project") == {
        "prefect.resource.id": "slipway.project.shop.prod",
        "prefect.resource.name": "shop in prod",
        "prefect.resource.role": "project",
        "slipway.project": "shop",
        "slipway.environment": "prod",
    }
    assert "prefect.resource.role" not in provider_resource("local").document()


def test_only_an_insight_of_an_environment_has_its_labels() -> None:
    """A test called `tests` would pass for an environment."""
    backup = insight_resource("backup", "shop/prod", "critical").document()
    assert (backup["slipway.project"], backup["slipway.environment"]) == ("shop", "prod")
    slower = insight_resource("regression", "shop/tests/test_a", "warning").document()
    assert "slipway.project" not in slower
    assert slower["slipway.severity"] == "warning"
