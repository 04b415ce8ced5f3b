"""Tests of the automations of notifications: what is matched, and what of a user is kept."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from pydantic import SecretStr

from tasks.events import EventName
from tasks.notification_automation import (
    AutomationChange,
    Json,
    automation_of,
    change_of,
    is_edited,
    orphans,
)
from tasks.notification_spec import NotificationSpec

BLOCK = "5f9b8a30-0000-0000-0000-000000000001"


def desired(**fields: Any) -> Json:
    """Return the automation of a notification on gone services, or with other ``fields``."""
    values = {"url": SecretStr("json://u:hunter22@a"), "events": [EventName.SERVICE_GONE]}
    return automation_of("oncall", NotificationSpec.model_validate(values | fields), BLOCK)


def stored(automation: Json, **changed: Any) -> Json:
    """Return an automation as the server returns it, with values of its own."""
    answer = deepcopy(automation) | {"id": "a1", "tags": [], "owner": None}
    answer["trigger"] |= {"id": "t1", "within": 0.0, "expect": answer["trigger"]["expect"][::-1]}
    answer["actions"] = [action | {"created": "now"} for action in answer["actions"]]
    return answer | changed


def test_it_sends_what_was_asked_for_and_holds_no_secret() -> None:
    """Somebody would be told of another project, or read a password in the UI."""
    automation = desired(projects=["shop", "blog"], environments=["prod"])
    assert automation["trigger"]["match"] == {
        "prefect.resource.id": ["slipway.*"],
        "slipway.project": ["blog", "shop"],
        "slipway.environment": ["prod"],
    }
    assert automation["trigger"]["expect"] == ["slipway.service.gone"]
    [action] = automation["actions"]
    assert action["block_document_id"] == BLOCK
    assert "hunter22" not in str(automation)


def test_a_missing_one_is_made_and_one_as_it_should_be_is_left() -> None:
    """Every configure would make another, and every event be told as often."""
    assert change_of([], "oncall", desired()) == AutomationChange(body=desired())
    assert change_of([stored(desired())], "oncall", desired()) == AutomationChange("a1")
    other = automation_of("night", NotificationSpec(url=SecretStr("json://a")), BLOCK)
    assert change_of([stored(other)], "oncall", desired()).body == desired()


def test_one_that_is_written_anew_keeps_the_switch_the_name_and_the_tags() -> None:
    """Who has switched it off would be woken again, as another event was added to the file."""
    current = stored(desired(), enabled=False, name="My night", tags=["mine"])
    new = desired(events=[EventName.BACKUP_FAILED])
    change = change_of([current], "oncall", new)
    assert change.body is not None
    assert (change.id, change.is_edited) == ("a1", False)
    kept = {key: change.body[key] for key in ("enabled", "name", "tags")}
    assert kept == {"enabled": False, "name": "My night", "tags": ["mine"]}
    assert change.body["trigger"] == new["trigger"]


@pytest.mark.parametrize(
    "edit",
    [
        {"trigger": {"expect": ["slipway.deploy.done"]}},
        {"trigger": {"match": {"slipway.project": "blog"}}},
        {"trigger": {"within": 60.0, "threshold": 3}},
        {"actions": [{"type": "do-nothing"}]},
        {"actions_on_resolve": [{"type": "do-nothing"}]},
        {"description": "Mine now"},
    ],
)
def test_what_a_user_has_edited_stays(edit: Json) -> None:
    """A trigger that a user has narrowed would be widened again."""
    current = stored(desired())
    current |= edit | (
        {"trigger": current["trigger"] | edit["trigger"]} if "trigger" in edit else {}
    )
    assert is_edited(current)
    new = desired(events=[EventName.BACKUP_FAILED])
    assert change_of([current], "oncall", new) == AutomationChange("a1", is_edited=True)


def test_an_edit_to_what_the_file_says_is_none() -> None:
    """A user would be told of an edit that is of no consequence."""
    current = stored(desired(), description="Mine now")
    assert change_of([current], "oncall", desired()) == AutomationChange("a1")


def test_only_what_can_only_fail_is_removed() -> None:
    """An automation of the user's own would be gone, or one of ours fail at every event."""
    ours, edited = stored(desired()), stored(desired(), id="a2")
    edited["trigger"]["expect"] = ["slipway.deploy.done"]
    users = stored(desired(), id="a3", description="Sends to the notification oncall")
    existing = [ours, edited, users]
    assert [each["id"] for each in orphans(existing, ["night"])] == ["a1"]
    assert orphans(existing, ["oncall"]) == []
