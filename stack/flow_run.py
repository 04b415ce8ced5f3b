"""A flow run as the Prefect API shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

TERMINAL = frozenset({"COMPLETED", "FAILED", "CRASHED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class FlowRun:
    """One flow run as the API shows it; times are seconds since the epoch, or None."""

    id: str
    name: str
    state_type: str
    state_name: str
    message: str
    created: float | None
    started_at: float | None
    ended_at: float | None

    @property
    def finished(self) -> bool:
        """Whether it has reached a state that it will not leave."""
        return self.state_type in TERMINAL

    @property
    def succeeded(self) -> bool:
        """Whether it completed."""
        return self.state_type == "COMPLETED"


def seconds(stamp: str | None) -> float | None:
    """Return an ISO 8601 time of the API as seconds since the epoch."""
    return datetime.fromisoformat(stamp).timestamp() if stamp else None


def flow_run_of(answer: Mapping[str, Any]) -> FlowRun:
    """Read a flow run from the API's JSON."""
    state = answer.get("state") or {}
    return FlowRun(
        id=answer["id"],
        name=answer.get("name") or "",
        state_type=answer.get("state_type") or state.get("type") or "",
        state_name=answer.get("state_name") or state.get("name") or "",
        message=state.get("message") or "",
        created=seconds(answer.get("created")),
        started_at=seconds(answer.get("start_time")),
        ended_at=seconds(answer.get("end_time")),
    )
