"""Tests of the Notification block: it sends through Apprise, and nothing in quiet hours."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import SecretStr, ValidationError

from blocks import notification
from blocks.notification import Notification

pytestmark = pytest.mark.prefect

NOON = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUIET, LOUD = "11:00-13:00 UTC", "13:00-11:00 UTC"


class Clock:
    """Stands at noon."""

    @staticmethod
    def now(zone: Any) -> datetime:
        """Return noon."""
        return NOON.astimezone(zone)


class Client:
    """Collects what would be sent."""

    def __init__(self) -> None:
        self.sent: list[str] = []

    def notify(self, *, body: str, title: str, **_: object) -> bool:
        """Take a message."""
        self.sent.append(f"{title}: {body}")
        return True

    async def async_notify(self, **message: Any) -> bool:
        """Take a message."""
        return self.notify(**message)


def sender(quiet_hours: str, monkeypatch: pytest.MonkeyPatch) -> tuple[Notification, Client]:
    """Return a block at noon, and what it sends."""
    monkeypatch.setattr(notification, "datetime", Clock)
    block, client = Notification(url=SecretStr("json://a"), quiet_hours=quiet_hours), Client()
    block._apprise_client = client  # type: ignore[assignment] # as much of it as is asked for
    return block, client


@pytest.mark.parametrize(("quiet_hours", "sent"), [(QUIET, []), (LOUD, ["s: b"]), ("", ["s: b"])])
async def test_nothing_is_sent_in_quiet_hours(
    monkeypatch: pytest.MonkeyPatch, quiet_hours: str, sent: list[str]
) -> None:
    """Somebody would be woken; or the server, which awaits it, would fail."""
    block, client = sender(quiet_hours, monkeypatch)
    await block.notify("b", "s")
    assert client.sent == sent
    await block.anotify("b", "s")
    assert client.sent == sent * 2


@pytest.mark.parametrize(("quiet_hours", "sent"), [(QUIET, []), (LOUD, ["s: b"])])
def test_without_a_loop_it_is_the_same(
    monkeypatch: pytest.MonkeyPatch, quiet_hours: str, sent: list[str]
) -> None:
    """A script of a user would have to know of loops."""
    block, client = sender(quiet_hours, monkeypatch)
    block.notify("b", "s")
    assert client.sent == sent


def test_the_address_is_a_secret() -> None:
    """The UI would show the password."""
    schema = Notification.model_json_schema()
    assert schema["secret_fields"] == ["url"]
    assert "hunter22" not in repr(Notification(url=SecretStr("json://u:hunter22@a")))
    assert "notify" in Notification.get_block_capabilities()


def test_what_are_no_quiet_hours_is_refused() -> None:
    """A block made in the UI would fail at night."""
    with pytest.raises(ValidationError, match="another form"):
        Notification(url=SecretStr("json://a"), quiet_hours="at night")


async def test_a_receiver_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of them would hold back every message of the server."""

    class Silent(Client):
        async def async_notify(self, **message: Any) -> bool:
            await asyncio.sleep(60)
            return True

    monkeypatch.setattr(notification, "_SEND_SECONDS", 0.05)
    block, _ = sender("", monkeypatch)
    block._apprise_client = Silent()  # type: ignore[assignment] # as much of it as is asked for
    with pytest.raises(TimeoutError):
        await block.notify("b", "s")
