"""Makes the blocks of notifications, and the automations that send events to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from prefect.blocks.core import Block
from prefect.client.orchestration import PrefectClient, get_client
from pydantic import ValidationError

from blocks.apprise_address import is_known_address, shown_address
from blocks.notification import Notification
from tasks.errors import BadInputError
from tasks.home import Home
from tasks.launch.lock import locked
from tasks.notification_automation import (
    AutomationChange,
    Json,
    automation_name,
    automation_of,
    change_of,
    orphans,
)
from tasks.notification_spec import NotificationSpec
from tasks.settings import settings

NOTIFICATION = Notification.get_block_type_slug()
_PAGE = 200
_FIELDS = tuple(NotificationSpec.model_fields)


def notification_blocks(notifications: Mapping[str, NotificationSpec]) -> dict[str, Block]:
    """Return the blocks by `notification/<name>`; nothing is saved yet.

    Raises:
        BadInputError: Apprise knows no such address.
    """
    return {f"notification/{name}": _block(name, spec) for name, spec in notifications.items()}


def _block(name: str, spec: NotificationSpec) -> Notification:
    address = spec.url.get_secret_value()
    if not is_known_address(address):
        problem = "is not an address that Apprise can send to"
        remedy = "Write one as in https://appriseit.com/services/, e.g. mailto://user:password@host"
        raise BadInputError(f"notifications.{name}.url", shown_address(address), problem, remedy)
    events = [str(event) for event in spec.events]
    return Notification(**spec.model_dump(exclude={"url", "events"}), url=spec.url, events=events)


async def make_automations() -> list[str]:
    """Have an automation for each notification block; return sentences on what needs a person.

    The user's switch and edits stay. The automation of a block that is gone is removed, as it
    could only fail, unless somebody has edited it.
    """
    remarks: list[str] = []
    async with get_client() as client:
        with locked(Home(settings().root).automations_lock):
            blocks = await client.read_block_documents_by_type(NOTIFICATION)
            documents = {block.name: block for block in blocks if block.name}
            existing = await _automations(client)
            for name, block in documents.items():
                try:
                    spec = _spec(block.data)
                except ValidationError as error:
                    remarks.append(_invalid(name, error))
                    continue
                desired = automation_of(name, spec, str(block.id))
                change = change_of(existing, name, desired)
                await _apply(client, change)
                remarks += [_edited(name)] if change.is_edited else []
            for orphan in orphans(existing, documents):
                await _request(client, "DELETE", f"/automations/{orphan['id']}")
    return remarks


def _spec(fields: Mapping[str, Any]) -> NotificationSpec:
    """Return the notification of a block; one that was made in the UI may name no events."""
    given = {key: fields[key] for key in _FIELDS if fields.get(key)}
    return NotificationSpec.model_validate(given)


async def _apply(client: PrefectClient, change: AutomationChange) -> None:
    if change.body is None:
        return
    if change.id:
        await _request(client, "PUT", f"/automations/{change.id}", change.body)
    else:
        await _request(client, "POST", "/automations/", change.body)


async def _automations(client: PrefectClient) -> list[Json]:
    automations: list[Json] = []
    while True:
        body = {"limit": _PAGE, "offset": len(automations)}
        page = cast("list[Json]", await _request(client, "POST", "/automations/filter", body))
        automations += page
        if len(page) < _PAGE:
            return automations


async def _request(client: PrefectClient, method: Any, path: Any, body: object = None) -> Any:
    """Send one request; method and path are those of one of the API's routes."""
    answer = await client.request(method, path, json=body)
    return answer.json() if answer.content else None


def _edited(name: str) -> str:
    return (
        f"The automation '{automation_name(name)}' was edited in the UI and stays as it is; delete "
        "it and run `configure` to have it made as the file says."
    )


def _invalid(name: str, error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    return (
        f"The block notification/{name} sends nothing: {field} {first['msg']}. Mend it in the UI."
    )
