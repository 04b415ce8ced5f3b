"""A small client of the Prefect API that starts flow runs, for modules that do not import Prefect.

Every flow run is created under an idempotency key, so that a repeated request starts nothing twice.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Mapping
from typing import Any

import httpx

from stack.api_connection import ApiConnection, ApiError, Json
from stack.flow_run import FlowRun, flow_run_of
from tasks.errors import BadInputError, NotFoundError, SlipwayError

__all__ = ["ApiError", "Json", "SlipwayApi"]


class SlipwayApi(ApiConnection):
    """Starts flow runs of deployments and reads their states, logs and artifacts."""

    def deployment(self, name: str) -> Json:
        """Return the deployment ``flow/name``.

        Raises:
            NotFoundError: There is none; it names those there are.
        """
        try:
            deployment: Json = self.call("GET", f"/deployments/name/{name}")
        except httpx.HTTPStatusError as error:
            if error.response.status_code != httpx.codes.NOT_FOUND:
                raise _refusal("read deployment", name, error) from error
            raise NotFoundError(
                "deployment", name, self.deployments(), "Register it with: make up"
            ) from error
        return deployment

    def deployments(self) -> list[str]:
        """Return the names of all deployments, as ``flow/name``."""
        flows = {flow["id"]: flow["name"] for flow in self.every("/flows/filter", {})}
        deployments = self.every("/deployments/filter", {})
        return sorted(
            f"{flows.get(deployment['flow_id'], '?')}/{deployment['name']}"
            for deployment in deployments
        )

    def trigger(
        self,
        deployment: str,
        parameters: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> str:
        """Start a flow run of ``deployment`` and return its id.

        Args:
            deployment: ``flow/name``, e.g. ``launch/launch``.
            parameters: The flow's parameters.
            idempotency_key: Under the same key the same flow run is returned again.

        Raises:
            NotFoundError: No such deployment.
            BadInputError: The server refused the parameters.
            ApiError: The server does not answer, or refused the password.
        """
        registered = self.deployment(deployment)
        body = {
            "parameters": dict(parameters or {}),
            "idempotency_key": idempotency_key or str(uuid.uuid4()),
        }
        try:
            run = self.call("POST", f"/deployments/{registered['id']}/create_flow_run", body)
        except httpx.HTTPStatusError as error:
            raise _refusal(f"parameters of {deployment}", parameters, error) from error
        return str(run["id"])

    def state(self, flow_run_id: str) -> FlowRun:
        """Return the flow run as it is now."""
        try:
            return flow_run_of(self.call("GET", f"/flow_runs/{flow_run_id}"))
        except httpx.HTTPStatusError as error:
            raise _refusal("flow run", flow_run_id, error) from error

    def wait(self, flow_run_id: str, timeout: float = 600.0) -> FlowRun:
        """Return the flow run once it has finished.

        Raises:
            ApiError: It has not finished after ``timeout`` seconds.
        """
        deadline = time.monotonic() + timeout
        while True:
            run = self.state(flow_run_id)
            if run.finished:
                return run
            if time.monotonic() > deadline:
                raise ApiError(f"flow run {run.name} is still {run.state_name} after {timeout:g} s")
            time.sleep(0.2)

    def logs(self, flow_run_id: str) -> list[Json]:
        """Return the log records of a flow run, oldest first."""
        query = {"logs": {"flow_run_id": {"any_": [flow_run_id]}}, "sort": "TIMESTAMP_ASC"}
        return self.every("/logs/filter", query)

    def artifacts(self, flow_run_id: str) -> list[Json]:
        """Return the artifacts of a flow run and its tasks, oldest first."""
        query = {"artifacts": {"flow_run_id": {"any_": [flow_run_id]}}}
        return sorted(self.every("/artifacts/filter", query), key=lambda item: str(item["created"]))

    def task_runs(self, flow_run_id: str) -> list[Json]:
        """Return the task runs of a flow run; the server shows the last ones with a delay."""
        return self.every("/task_runs/filter", {"flow_runs": {"id": {"any_": [flow_run_id]}}})


def _refusal(field: str, value: object, error: httpx.HTTPStatusError) -> SlipwayError:
    """Turn the server's refusal of a request into an error of ours."""
    answer = error.response
    try:
        detail = answer.json().get("detail") or answer.text
    except ValueError:
        detail = answer.text
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return ApiError(f"{field}: the Prefect server failed (HTTP {answer.status_code}): {detail}")
    return BadInputError(
        field,
        value,
        f"the server says: {detail}",
        "Compare with the parameters in docs/operations.md.",
    )
