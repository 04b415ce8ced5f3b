"""Tests of how long a sync flow takes to end."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest
from prefect import flow_engine

from stack.worker.prompt_ending import end_promptly

pytestmark = pytest.mark.prefect


class Engine(SimpleNamespace):
    """Says that its flow is alive, as the engine of a flow run does."""

    def _build_heartbeat_event_template(self) -> tuple[None, None]:
        return None, None


def test_a_sync_flow_does_not_wait_for_its_heartbeat(monkeypatch: pytest.MonkeyPatch) -> None:
    """Broken: each sync flow, and each sync subflow, takes a second longer."""
    monkeypatch.setattr(flow_engine, "_send_heartbeats", flow_engine._send_heartbeats)
    waits = []
    monkeypatch.setattr(threading.Thread, "join", lambda *_, **__: waits.append(1))
    final = SimpleNamespace(state=SimpleNamespace(is_final=lambda: True))
    quiet = SimpleNamespace(debug=lambda *_: None)
    engine = Engine(heartbeat_seconds=30, flow_run=final, logger=quiet)
    for expected in (1, 1):
        with flow_engine._send_heartbeats(engine):  # type: ignore[arg-type] # all it is asked for
            pass
        assert len(waits) == expected
        end_promptly()
