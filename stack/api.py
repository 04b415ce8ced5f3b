"""A small client of the Prefect API that starts flow runs, for modules that do not import Prefect.

A server on SQLite answers 503 under bursts, and for as long as its 60 s busy time-out where two of
its transactions block each other. Such answers and lost connections are repeated with a back-off,
and every flow run is created under an idempotency key so that a repeat starts nothing twice.
"""

from __future__ import annotations

import ssl
import time
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from types import TracebackType
from typing import Any, Self

import httpx

from stack.auth import auth_header, read_auth
from stack.flow_run import FlowRun, flow_run_of
from tasks.errors import BadInputError, NotFoundError, SlipwayError
from tasks.home import Home
from tasks.settings import Settings, settings

RETRIED_CODES = frozenset({429, 502, 503, 504})
PAGE_SIZE = 200
EMIT_SECONDS = 2.0
"""How long the server may take for events."""

Json = dict[str, Any]


class ApiError(SlipwayError):
    """The Prefect API could not be reached, or refused."""


@cache
def _tls(scheme: str) -> ssl.SSLContext:
    """Return how all clients check certificates: reading those of the authorities takes long.

    Where the address needs none, nobody is trusted, and none are read.
    """
    if scheme == "http":
        return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.create_ssl_context(trust_env=False)


class SlipwayApi:
    """Starts flow runs of deployments and reads their states, logs and artifacts.

    Args:
        url: Address of the API, ``http://host:port/api``.
        auth: Its auth string; empty when it asks for none.
        patience_seconds: How long an unreachable or overloaded server is asked again.
        timeout_seconds: How long one question may wait for its answer.
    """

    def __init__(
        self,
        url: str,
        auth: str = "",
        patience_seconds: float = 90.0,
        timeout_seconds: float = 30.0,
    ) -> None:
        self._patience = patience_seconds
        self._client = httpx.Client(
            base_url=url,
            headers=auth_header(auth),
            timeout=timeout_seconds,
            trust_env=False,
            verify=_tls(url.partition(":")[0]),
        )

    @classmethod
    def of(
        cls,
        config: Settings | None = None,
        patience_seconds: float = 90.0,
        timeout_seconds: float = 30.0,
    ) -> Self:
        """Return a client of the server that the settings name, with the password of their home."""
        config = config or settings()
        auth = read_auth(Home(config.root).auth_file) if config.auth else ""
        return cls(config.api_url, auth, patience_seconds, timeout_seconds)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def call(self, method: str, path: str, body: object = None) -> Any:
        """Send one request and return its JSON; None for an empty answer.

        Raises:
            ApiError: The server stayed away past the patience, or refused the password.
            httpx.HTTPStatusError: Any other refusal, for the caller to name.
        """
        deadline, pause = time.monotonic() + self._patience, 0.1
        while True:
            try:
                answer = self._client.request(method, path, json=body)
            except httpx.TransportError as error:
                problem = f"does not answer ({error})"
            else:
                if answer.status_code not in RETRIED_CODES:
                    return self._read(answer)
                problem = f"is overloaded (HTTP {answer.status_code})"
            if time.monotonic() + pause > deadline:
                raise ApiError(
                    f"the Prefect API at {self._client.base_url} {problem}. Is it up? `make up`"
                )
            time.sleep(pause)
            pause = min(2 * pause, 2.0)

    def _read(self, answer: httpx.Response) -> Any:
        if answer.status_code in {401, 403}:
            raise ApiError(
                f"the Prefect API at {self._client.base_url} refused the password. "
                "SLIPWAY_HOME must name the home it was started with."
            )
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def emit(self, events: Sequence[Json]) -> None:
        """Record events; it asks once and waits little, as nothing may be delayed by it.

        Raises:
            ApiError: The server does not answer, is overloaded, or refused the password.
            httpx.HTTPStatusError: It refused the events.
        """
        try:
            answer = self._client.post("/events", json=list(events), timeout=EMIT_SECONDS)
        except httpx.TransportError as error:
            raise ApiError(f"the events were not taken: {error}") from error
        if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
            raise ApiError(f"the events were not taken (HTTP {answer.status_code})")
        self._read(answer)

    def healthy(self) -> bool:
        """Tell whether the server answers now; asks once."""
        try:
            return self._client.get("/health", timeout=2.0).status_code == httpx.codes.OK
        except httpx.TransportError:
            return False

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

    def every(self, path: str, body: Json) -> list[Json]:
        """Return all items that a filter of the API matches, read page by page."""
        items: list[Json] = []
        while True:
            page: list[Json] = self.call(
                "POST", path, {**body, "limit": PAGE_SIZE, "offset": len(items)}
            )
            items += page
            if len(page) < PAGE_SIZE:
                return items


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
