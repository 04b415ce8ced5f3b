"""Tests that flows tell of what failed, and that a Prefect server takes events as they are."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from prefect.settings import PREFECT_API_URL

from blocks.providers.interface import Resources
from blocks.providers.shell_runner import ShellRunner
from blocks.repositories.errors import RepositoryCancelledError, RepositoryError
from blocks.workload_spec import StepsWorkload
from flows import backup
from flows.backup import failure_emitted
from flows.run_state.secret_redaction import keep_secret
from flows.workload import lifecycle
from flows.workload.job import Job
from flows.workload.lifecycle import emit_failure
from stack.api import SlipwayApi
from tasks.launch.target import Target
from tasks.release import Release
from tests.tasks.test_events import EVENTS


@pytest.fixture
def emitted(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Collect the events instead of sending them to a server."""
    events: list[dict[str, Any]] = []
    for module in (backup, lifecycle):
        monkeypatch.setattr(module, "emit_event", lambda **event: events.append(event))
    return events


@pytest.mark.parametrize(
    ("error", "count"),
    [(RepositoryError("it", "is locked"), 1), (RepositoryCancelledError("it"), 0), (None, 0)],
)
def test_only_a_backup_that_failed_is_told(
    emitted: list[dict[str, Any]], error: Exception | None, count: int
) -> None:
    """Night after night no snapshot would be taken, or who cancels a backup would be woken."""
    with suppress(RepositoryError), failure_emitted("shop", "prod"):
        if error:
            raise error
    assert [event["event"] for event in emitted] == ["slipway.backup.failed"] * count


def test_a_failure_is_raised_further_and_no_secret_told(emitted: list[dict[str, Any]]) -> None:
    """A failed backup would look like one that was taken, or its password be sent about."""
    keep_secret(["hunter22-of-events"])
    error = RepositoryError("it", "wrong password hunter22-of-events")
    with pytest.raises(RepositoryError), failure_emitted("shop", "prod"):
        raise error
    assert "hunter22" not in str(emitted)
    assert "wrong password" in str(emitted)


def test_a_workload_that_failed_is_told(
    emitted: list[dict[str, Any]], target: Target, release: Release
) -> None:
    """A nightly workload would fail for weeks, and nobody know where to look."""
    steps = StepsWorkload.model_validate({"steps": [{"id": "a", "run": "false"}]})
    local = ShellRunner("local", Resources(cpus=1, slots=1))
    emit_failure(Job(target, release, "ci", steps, {"local": local}), "ci failed: a: exit code 1")
    [event] = emitted
    assert event["event"] == "slipway.workload.failed"
    assert event["resource"]["prefect.resource.id"] == "slipway.project.shop.dev"
    assert "a: exit code 1" in event["payload"]["message"]
    assert event["related"][0]["prefect.resource.id"] == "slipway.provider.local"


@pytest.mark.prefect
@pytest.mark.usefixtures("prefect_server")
def test_a_server_takes_every_event_as_the_reconciler_posts_it() -> None:
    """What the reconciler sees would be told to nobody."""
    now = datetime.now(UTC).isoformat()
    posted = [event.document() | {"id": str(uuid4()), "occurred": now} for event in EVENTS]
    with SlipwayApi(PREFECT_API_URL.value() or "") as api:
        api.emit(posted)
        del posted[0]["resource"]["prefect.resource.id"]
        with pytest.raises(httpx.HTTPStatusError):
            api.emit(posted)
