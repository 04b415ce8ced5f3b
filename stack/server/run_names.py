"""Names and tags of the flow runs of operations, given to them when they are made.

Prefect names a run when it starts. One that waits is called `hysterical-uakari` until then, and
nobody can tell which project it is for, or find the runs of one project.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, MutableMapping
from dataclasses import dataclass
from string import Formatter
from typing import Any

from flows.configuration.project_selection import plain_names
from flows.configuration.run_names import run_name
from stack.server.refusal import Session, models, name_of

_GIVEN_BY_PREFECT = re.compile(r"[a-z]+-[a-z]+")
_TAGGED = ("project", "environment")

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunNames:
    """How the runs of operations are called and tagged.

    Attributes:
        templates: Returns the template of each operation's run names, by ``flow/name``.
        schemas: Returns the schema of each operation's parameters, by ``flow/name``.
    """

    templates: Callable[[], Mapping[str, str]]
    schemas: Callable[[], Mapping[str, Json]]

    def name(self, operation: str, parameters: Mapping[str, Any]) -> str:
        """Return what a run of ``operation`` is called; its flow's name where nothing says more."""
        template = self.templates().get(operation, "")
        values = self._with_defaults(operation, parameters)
        fields = [field for _, field, _, _ in Formatter().parse(template) if field]
        if not template or not all(field in values for field in fields):
            return operation.partition("/")[0]
        return run_name(template, values)

    def tags(self, operation: str, parameters: Mapping[str, Any]) -> set[str]:
        """Return the tags by which the runs of a project and of an environment are found."""
        values = self._with_defaults(operation, parameters)
        texts = {name: values.get(name) for name in _TAGGED}
        tags = {f"{name}:{text}" for name, text in texts.items() if text and isinstance(text, str)}
        projects = values.get("projects")
        several = plain_names(projects) if isinstance(projects, list) else []
        return tags | {f"project:{name}" for name in several}

    def _with_defaults(self, operation: str, parameters: Mapping[str, Any]) -> Json:
        fields = self.schemas().get(operation, {}).get("properties", {})
        defaults = {name: field["default"] for name, field in fields.items() if "default" in field}
        return {**defaults, **parameters}

    async def give(self, session: Session, flow_run: Any) -> None:
        """Name and tag a run of an operation that is about to be made, unless it has a name."""
        operation = await self._operation(session, flow_run.deployment_id)
        if operation is None:
            return
        if _GIVEN_BY_PREFECT.fullmatch(flow_run.name):
            flow_run.name = self.name(operation, flow_run.parameters)
        flow_run.tags = sorted({*flow_run.tags, *self.tags(operation, flow_run.parameters)})

    def give_scheduled(self) -> None:
        """Name and tag the runs that schedules make, in this process."""
        insert = models.deployments._insert_scheduled_flow_runs  # noqa: SLF001 - there is no other

        async def insert_named(session: Session, runs: list[MutableMapping[str, Any]]) -> Any:
            """Insert as Prefect does."""
            known: dict[Any, str | None] = {}
            for run in runs:
                deployment_id = run["deployment_id"]
                if deployment_id not in known:
                    known[deployment_id] = await self._operation(session, deployment_id)
                if (operation := known[deployment_id]) is not None:
                    run["name"] = self.name(operation, run["parameters"])
                    run["tags"] = sorted({*run["tags"], *self.tags(operation, run["parameters"])})
            return await insert(session=session, runs=runs)

        models.deployments._insert_scheduled_flow_runs = insert_named  # noqa: SLF001 - as above

    async def _operation(self, session: Session, deployment_id: Any) -> str | None:
        if deployment_id is None:
            return None
        stored = await models.deployments.read_deployment(session, deployment_id)
        name = await name_of(session, stored) if stored else ""
        return name if name in self.schemas() else None
