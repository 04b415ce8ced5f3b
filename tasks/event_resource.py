"""What events are about: projects, services, providers and insights, as resources of Prefect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

_OF_AN_ENVIRONMENT = frozenset({"backup", "data"})
"""Kinds of insights whose key is `<project>/<environment>`."""


@dataclass(frozen=True, slots=True)
class Resource:
    """What an event is about; ``labels`` are what a trigger of an automation may match."""

    id: str
    name: str
    labels: Mapping[str, str] = field(default_factory=dict)

    def document(self, role: str = "") -> dict[str, str]:
        """Return it as Prefect takes it; a related resource has a ``role``."""
        document = {
            "prefect.resource.id": self.id,
            "prefect.resource.name": self.name,
            **self.labels,
        }
        return {**document, "prefect.resource.role": role} if role else document


@dataclass(frozen=True, slots=True, order=True)
class ServiceKey:
    """A service; its name is unique only within its project and environment."""

    project: str
    environment: str
    service: str

    def resource(self) -> Resource:
        """Return it as a resource, whose id starts with that of its project."""
        owner = project_resource(self.project, self.environment)
        labels = {**owner.labels, "slipway.service": self.service}
        return Resource(
            f"{owner.id}.service.{self.service}", f"{self.service} of {owner.name}", labels
        )


def project_resource(project: str, environment: str) -> Resource:
    """Return a project in one environment; as neither name has a dot, the id is unique."""
    labels = {"slipway.project": project, "slipway.environment": environment}
    return Resource(
        f"slipway.project.{project}.{environment}", f"{project} in {environment}", labels
    )


def provider_resource(name: str) -> Resource:
    """Return a provider."""
    return Resource(f"slipway.provider.{name}", name, {"slipway.provider": name})


def insight_resource(kind: str, key: str, severity: str) -> Resource:
    """Return an insight; what is known of its project and environment is in its labels."""
    labels = {"slipway.insight": kind, "slipway.severity": severity}
    project, _, environment = key.partition("/")
    if kind in _OF_AN_ENVIRONMENT and environment:
        labels |= project_resource(project, environment).labels
    return Resource(f"slipway.insight.{kind}.{key}", f"{kind} of {key}", labels)
