"""Lets the former name of an operation's deployment, ``<flow>/default``, still answer until 0.2.

An older stack has its deployments, with the schedules that users have made, under that name. They
are found by the new name, ``<flow>/<flow>``, and get it when `make up` registers them again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from stack.server.refusal import Session, Stored, models

FORMER = "default"


class FormerNames:
    """Lets each operation answer by both names.

    Args:
        entrypoints: Returns the flow of each operation, by its name as ``flow/name``.
    """

    def __init__(self, entrypoints: Callable[[], Mapping[str, str]]) -> None:
        self._entrypoints = entrypoints

    def answer(self) -> None:
        """Wrap the look-up of deployments in this process, so that it finds both names."""
        read = models.deployments.read_deployment_by_name

        async def read_by_either(session: Session, name: str, flow_name: str) -> Stored | None:
            """Read a deployment as Prefect does, or by its other name."""
            stored = await read(session=session, name=name, flow_name=flow_name)
            entrypoint = self._entrypoints().get(f"{flow_name}/{flow_name}")
            if stored is not None or entrypoint is None or name not in {flow_name, FORMER}:
                return stored
            other = FORMER if name == flow_name else flow_name
            stored = await read(session=session, name=other, flow_name=flow_name)
            return stored if stored is not None and stored.entrypoint == entrypoint else None

        models.deployments.read_deployment_by_name = read_by_either

    async def rename(self, session: Session, stored: Stored) -> None:
        """Give a deployment that is about to be changed its new name, if it has the former one."""
        if stored.name != FORMER:
            return
        flow: Any = await models.flows.read_flow(session, stored.flow_id)
        entrypoint = self._entrypoints().get(f"{flow.name}/{flow.name}") if flow else None
        if entrypoint is not None and stored.entrypoint == entrypoint:
            stored.name = flow.name
            await session.flush()
