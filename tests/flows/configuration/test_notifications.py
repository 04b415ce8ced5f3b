"""Tests of the blocks and automations of notifications, on a real server."""

from __future__ import annotations

from typing import Any

import pytest
from prefect.settings import PREFECT_API_URL
from pydantic import SecretStr

from blocks.notification import Notification
from flows.configuration.block_saving import save_changed
from flows.configuration.notifications import make_automations, notification_blocks
from stack.api import SlipwayApi
from stack.registration import automations as registration
from tasks.errors import BadInputError
from tasks.events import EventName
from tasks.ledger.connection import Ledger
from tasks.notification_spec import NotificationSpec

pytestmark = [pytest.mark.prefect, pytest.mark.usefixtures("prefect_server")]

STAMPS = ("created", "updated")


@pytest.fixture
def api(home_ledger: Ledger) -> SlipwayApi:
    """Give a client of the server; the automations are locked in a home of this test's own."""
    assert home_ledger
    return SlipwayApi(PREFECT_API_URL.value() or "")


def spec(**fields: Any) -> NotificationSpec:
    """Return a notification on gone services, or with other ``fields``."""
    values = {"url": SecretStr("json://u:hunter22@127.0.0.1/"), "events": ["service-gone"]}
    return NotificationSpec.model_validate(values | fields)


def ours(api: SlipwayApi) -> dict[str, dict[str, Any]]:
    """Return the automations by name."""
    return {each["name"]: each for each in api.every("/automations/filter", {})}


async def configured(**notifications: NotificationSpec) -> list[str]:
    """Do as `configure` does."""
    await save_changed(notification_blocks(notifications))
    return await make_automations()


async def test_the_server_keeps_an_automation_as_it_was_written(api: SlipwayApi) -> None:
    """Each configure would write it anew, or take it for one that a user has edited."""
    kept = spec(projects=["shop"], environments=["prod", "dev"])
    assert await configured(kept=kept) == []
    first = ours(api)["notification kept"]
    assert first["enabled"]
    assert await configured(kept=kept) == []
    assert ours(api)["notification kept"]["updated"] == first["updated"]
    assert "hunter22" not in str(first)


async def test_the_switch_stays_while_the_rest_follows_the_file(api: SlipwayApi) -> None:
    """Who has switched it off would be woken again."""
    await configured(switched=spec())
    automation = ours(api)["notification switched"]
    api.call("PATCH", f"/automations/{automation['id']}", {"enabled": False})
    assert await configured(switched=spec(events=["backup-failed"])) == []
    after = ours(api)["notification switched"]
    assert (after["id"], after["enabled"]) == (automation["id"], False)
    assert after["trigger"]["expect"] == [EventName.BACKUP_FAILED.full]


async def test_an_edit_stays_and_is_told(api: SlipwayApi) -> None:
    """What a user has set up in the UI would be gone, or differ from the file in silence."""
    await configured(edited=spec())
    automation = ours(api)["notification edited"]
    automation["trigger"]["expect"] = ["slipway.deploy.done"]
    edited = {key: value for key, value in automation.items() if key not in {"id", *STAMPS}}
    api.call("PUT", f"/automations/{automation['id']}", edited)
    [sentence] = await configured(edited=spec())
    assert "'notification edited' was edited in the UI" in sentence
    assert ours(api)["notification edited"]["trigger"]["expect"] == ["slipway.deploy.done"]
    api.call("DELETE", f"/automations/{automation['id']}")


async def test_what_lacks_its_block_is_removed(api: SlipwayApi) -> None:
    """It would fail at every event for ever."""
    await configured(leaving=spec())
    await Notification.adelete("leaving")
    await make_automations()
    assert "notification leaving" not in ours(api)


async def test_a_block_of_the_ui_sends_what_needs_a_person(api: SlipwayApi) -> None:
    """Who has made one in the UI would never be told; or a wrong one would end every configure."""
    await Notification(url=SecretStr("json://127.0.0.1/")).asave("by-hand")
    wrong = Notification(url=SecretStr("json://127.0.0.1/"), events=["service-gnoe"])
    await wrong.asave("wrong")
    [sentence] = await make_automations()
    assert "notification/wrong" in sentence
    assert "service-gone" in sentence
    assert "slipway.backup.failed" in ours(api)["notification by-hand"]["trigger"]["expect"]
    await Notification.adelete("wrong")


def test_make_up_makes_what_is_missing(api: SlipwayApi) -> None:
    """A database that was lost would come back without anybody being told of a fault."""
    Notification(url=SecretStr("json://127.0.0.1/"), events=["service-gone"]).save("again")
    assert registration.register_automations() == []
    api.call("DELETE", f"/automations/{ours(api)['notification again']['id']}")
    assert registration.register_automations() == []
    assert "notification again" in ours(api)


@pytest.mark.parametrize("address", ["jsn://u:hunter22@127.0.0.1/", "hunter22"])
def test_an_address_that_apprise_does_not_know_is_refused(address: str) -> None:
    """Every message would be lost, or the password stand in the state of the run."""
    with pytest.raises(BadInputError, match="Apprise") as caught:
        notification_blocks({"oncall": spec(url=SecretStr(address))})
    assert caught.value.field == "notifications.oncall.url"
    assert "hunter22" not in str(caught.value)
