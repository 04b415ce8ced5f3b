"""Tests of the events: what they are called, and that each says what happened, where and what to do."""

from __future__ import annotations

import json

import pytest

from tasks.event_resource import ServiceKey
from tasks.events import (
    Event,
    EventName,
    RolloutSummary,
    backup_done,
    backup_failed,
    backup_warning,
    deploy_done,
    deploy_reverted,
    deploy_started,
    first_line,
    insight_closed,
    insight_raised,
    service_crash_looping,
    service_gone,
    service_revived,
    workload_failed,
)

KEY = ServiceKey("shop", "prod", "web")
ROLLOUT = RolloutSummary("shop", "prod", "deploy", "2", "1", "not healthy in time\nIts last lines:")
EVENTS = [
    service_gone(KEY, "killed by signal 9"),
    service_revived(KEY),
    service_crash_looping(KEY, "5 restarts"),
    deploy_started(ROLLOUT),
    deploy_done(ROLLOUT),
    deploy_reverted(ROLLOUT),
    backup_done("shop", "prod", "0123456789", 4096),
    backup_failed("shop", "prod", "restic is not installed."),
    backup_warning("shop", "prod", "0123456789", "NOTHING WAS BACKED UP."),
    workload_failed("shop", "prod", "tests", "test_a: exit code 1", ["right", "left"]),
    insight_raised("backup", "shop/prod", "critical", "nothing was backed up"),
    insight_closed("backup", "shop/prod", "critical", "nothing was backed up"),
]


def test_there_is_a_builder_for_every_name() -> None:
    """A notification could be asked for that nothing ever sends."""
    assert [event.name for event in EVENTS] == list(EventName)


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.name))
def test_every_event_says_what_where_and_what_to_do(event: Event) -> None:
    """Who is woken by the message would have to look for all three."""
    payload = event.document()["payload"]
    assert "shop" in payload["subject"]
    assert "prod" in payload["message"]
    assert payload["message"].count(": ") >= 1
    assert payload["message"].endswith(".")
    assert "\n" not in payload["message"]
    json.dumps(event.document())


def test_the_whole_of_a_message() -> None:
    """The words would not form one sentence."""
    assert deploy_reverted(ROLLOUT).payload["message"] == (
        "The deploy of shop in prod to version 2 was reverted (not healthy in time), and version 1 "
        "still serves: fix that version and deploy it again."
    )
    first = RolloutSummary("shop", "prod", "deploy", "", "")
    assert deploy_reverted(first).payload == {
        "subject": "The deploy of shop in prod was reverted",
        "message": (
            "The deploy of shop in prod was reverted, and nothing was deployed there before: fix "
            "that version and deploy it again."
        ),
        "kind": "deploy",
    }


@pytest.mark.parametrize(
    ("name", "full"),
    [
        (EventName.SERVICE_GONE, "slipway.service.gone"),
        (EventName.SERVICE_CRASH_LOOPING, "slipway.service.crash-looping"),
        (EventName.BACKUP_WARNING, "slipway.backup.warning"),
    ],
)
def test_prefect_shows_events_by_what_they_are_about(name: EventName, full: str) -> None:
    """An automation on `slipway.service.*` would match nothing."""
    assert name.full == full


def test_related_resources_have_roles() -> None:
    """Prefect would refuse the event."""
    [project] = service_gone(KEY, "").document()["related"]
    assert project["prefect.resource.role"] == "project"
    providers = workload_failed("shop", "dev", "tests", "", ["right", "left"]).document()["related"]
    assert [each["prefect.resource.id"] for each in providers] == [
        "slipway.provider.left",
        "slipway.provider.right",
    ]


def test_only_the_first_line_of_a_reason_is_quoted() -> None:
    """A message on a telephone would be a whole log, or Prefect would refuse the event."""
    assert first_line(" \nit ended\nAND\nMORE") == "it ended"
    assert first_line("") == ""
    assert len(first_line("x" * 10_000)) == 300
