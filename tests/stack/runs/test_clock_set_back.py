"""Tests of flow runs that were due before the clock was set back."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Protocol

import pytest

from stack.api import SlipwayApi
from stack.runs.clock_set_back import LOOKS_AFTER_STEP, ClockSetBack, waits_in_vain

NOW = datetime(2026, 3, 1, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)
SOON = timedelta(seconds=10)
RUNS = "POST /flow_runs/filter"
STATE = "POST /flow_runs/run/set_state"


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[dict[str, Any]]]
    client: Callable[..., SlipwayApi]


@pytest.mark.parametrize(
    ("state_type", "set_at", "scheduled", "in_vain"),
    [
        ("SCHEDULED", NOW + HOUR, NOW + HOUR, True),
        ("SCHEDULED", NOW + HOUR, NOW, False),
        ("SCHEDULED", NOW - HOUR, NOW + HOUR, False),
        ("SCHEDULED", NOW, None, False),
        ("PENDING", NOW, NOW + HOUR, True),
        ("PENDING", NOW, NOW + SOON, False),
    ],
)
def test_who_waits_in_vain(
    state_type: str, set_at: datetime, scheduled: datetime | None, in_vain: bool
) -> None:
    """Broken: a run waits an hour for nothing, or one that is planned begins at once."""
    assert waits_in_vain(state_type, set_at, scheduled, NOW) == in_vain


def _run(set_at: datetime, scheduled: datetime, *, auto_scheduled: bool = False) -> dict[str, Any]:
    """Return a flow run as the server shows it."""
    details = {"scheduled_time": scheduled.isoformat()}
    return {
        "id": "run",
        "state_name": "Scheduled",
        "auto_scheduled": auto_scheduled,
        "state": {"timestamp": set_at.isoformat(), "state_details": details},
    }


def _said(server: Fake, home: Path, *times_of_day: datetime) -> list[str]:
    """Return what is said when the clock shows these times, a second after another."""
    clock = iter(each.timestamp() for each in times_of_day)
    with server.client() as api:
        look = ClockSetBack(api, "slipway", home, lambda: next(clock))
        return [each for now in range(len(times_of_day)) for each in look(float(now))]


def test_what_was_due_when_the_clock_was_set_back_is_due_now(
    prefect_api: Fake, tmp_path: Path
) -> None:
    """Broken: a deploy that was asked for at the wrong moment begins an hour later."""
    prefect_api.answer(RUNS, (200, [_run(NOW + HOUR, NOW + HOUR)]), (200, []))
    prefect_api.answer(STATE, (201, {}))
    [sentence] = _said(prefect_api, tmp_path, NOW, NOW)
    assert sentence == "flow run run was due before the clock was set back; it is due now"
    [sent] = prefect_api.bodies(STATE)
    assert sent["state"]["state_details"]["scheduled_time"] == NOW.isoformat()


def test_what_a_schedule_has_planned_keeps_its_time(prefect_api: Fake, tmp_path: Path) -> None:
    """Broken: the backups of a whole week are made at once."""
    later = NOW + HOUR + SOON
    prefect_api.answer(RUNS, (200, [_run(NOW + HOUR, later, auto_scheduled=True)]))
    assert _said(prefect_api, tmp_path, NOW) == []


def test_only_a_step_back_is_looked_after(prefect_api: Fake, tmp_path: Path) -> None:
    """Broken: all that is planned is read every few seconds, for nothing."""
    prefect_api.answer(RUNS, (200, []))
    start = [NOW + timedelta(seconds=second) for second in range(2 * LOOKS_AFTER_STEP)]
    _said(prefect_api, tmp_path, *start)
    assert len(prefect_api.bodies(RUNS)) == LOOKS_AFTER_STEP  # the first look cannot know
    after = [
        each + timedelta(seconds=1 - 3600 * (number > LOOKS_AFTER_STEP))
        for number, each in enumerate(start)
    ]
    prefect_api.answer("POST /deployments/filter", (200, []))
    _said(prefect_api, tmp_path, *after)
    planning = 1
    assert len(prefect_api.bodies(RUNS)) == LOOKS_AFTER_STEP + LOOKS_AFTER_STEP + planning + (
        LOOKS_AFTER_STEP - 1
    )


@pytest.mark.parametrize(("back", "replanned"), [(HOUR, True), (SOON, False)])
def test_schedules_go_on_by_the_clock_as_it_is(
    prefect_api: Fake, tmp_path: Path, back: timedelta, replanned: bool
) -> None:
    """Broken: nothing that is scheduled runs for an hour, and nobody says so."""
    planned = {**_run(NOW, NOW + HOUR + SOON, auto_scheduled=True), "run_count": 0}
    by_hand = {**planned, "id": "by-hand", "auto_scheduled": False}
    prefect_api.answer(RUNS, (200, []), (200, [planned, by_hand]), (200, []))
    on, off = {"active": True}, {"active": False}
    rests: dict[str, Any] = {"id": "rests", "paused": False, "schedules": [off]}
    paused: dict[str, Any] = {"id": "paused", "paused": True, "schedules": [on]}
    active: dict[str, Any] = {"id": "active", "paused": False, "schedules": [off, on]}
    prefect_api.answer("POST /deployments/filter", (200, [rests, paused, active]))
    prefect_api.answer("DELETE /flow_runs/run", (204, None))
    prefect_api.answer("POST /deployments/active/schedule", (200, {}))
    sentences = _said(prefect_api, tmp_path, NOW + back, NOW)
    sentence = "the clock was set back: the coming runs of schedules were planned again"
    assert (sentences == [sentence]) is replanned
    assert (prefect_api.bodies("POST /deployments/active/schedule") == [{}]) is replanned
    if replanned:
        after = prefect_api.bodies(RUNS)[1]["flow_runs"]["expected_start_time"]["after_"]
        assert after == NOW.isoformat()
