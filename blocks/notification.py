"""The Notification block: a receiver of Slipway's events, reached by any service of Apprise."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from datetime import UTC, datetime
from typing import Annotated, Any

from prefect.blocks.notifications import AppriseNotificationBlock
from pydantic import AfterValidator, Field, HttpUrl, SecretStr

from blocks.logo import logo
from blocks.quiet_hours import checked_quiet_hours, quiet_hours_of

_SEND_SECONDS = 15.0
"""How long one message may take: the server sends few at a time, and the others wait."""


class Notification(AppriseNotificationBlock):
    """A receiver of Slipway's events; an automation of the same name sends to it.

    Prefect has a block for each of a few services; this one takes any address of Apprise, and
    sends nothing in quiet hours.

    Example:
        ```python
        from blocks.notification import Notification

        Notification(
            url="mailto://user:password@example.org", events=["service-gone"], projects=["shop"]
        ).save("oncall")
        ```
    """

    _block_type_name = "Slipway Notification"
    _block_type_slug = "slipway-notification"
    _logo_url = logo("slipway-notification")
    _documentation_url = HttpUrl("https://appriseit.com/services/")
    _description = "A receiver of Slipway's events: any address of Apprise, with quiet hours."

    url: SecretStr = Field(
        title="Address",
        description="An address of Apprise, e.g. `mailto://user:password@example.org`; never shown",
    )
    events: list[str] = Field(
        default_factory=list, description="The events that are sent, e.g. `service-gone`"
    )
    projects: list[str] = Field(default_factory=list, description="Only these; empty: all")
    environments: list[str] = Field(default_factory=list, description="Only these; empty: all")
    quiet_hours: Annotated[str, AfterValidator(checked_quiet_hours)] = Field(
        default="",
        description="When nothing is sent, e.g. `22:00-07:00 Europe/Berlin`; empty: never",
    )

    def is_quiet(self, moment: datetime) -> bool:
        """Tell whether nothing is sent at ``moment``."""
        hours = quiet_hours_of(self.quiet_hours)
        return hours is not None and hours.cover(moment)

    async def anotify(self, body: str, subject: str | None = None) -> None:
        """Send a message, unless it is quiet now."""
        if not self.is_quiet(datetime.now(UTC)):
            await asyncio.wait_for(super().anotify(body, subject), _SEND_SECONDS)

    def notify(self, body: str, subject: str | None = None) -> Any:
        """Send a message, unless it is quiet now; where a loop runs, this is awaited."""
        if self.is_quiet(datetime.now(UTC)):
            return _Silence()
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return super().notify(body, subject)
        return self.anotify(body, subject)


class _Silence:
    """What is awaited where nothing is sent; nothing warns if nobody awaits it."""

    def __await__(self) -> Generator[None]:
        return
        yield
