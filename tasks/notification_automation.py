"""The automation of a notification, and what becomes of one that is there already.

An automation has no key but its id, which the server chooses. Ours is found by its name or by a
mark in its description. The mark ends with a digest of what was written, so that what a user has
edited since is told from what Slipway itself would write differently by now.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from tasks.notification_spec import NotificationSpec

Json = dict[str, Any]

_MARK = re.compile(r"Sends to the notification ([a-z0-9-]+)\b.*\[([0-9a-f]{12})\]")
_TRIGGER = ("type", "posture", "match", "match_related", "for_each", "after", "expect")
_NUMBERS = ("threshold", "within")
_ACTION = ("type", "block_document_id", "subject", "body")


@dataclass(frozen=True, slots=True)
class AutomationChange:
    """What is to be done to the automation ``id``; a new one has none.

    ``body`` is what to write, None where it stays. ``is_edited`` tells that it stays because a user
    has edited it, although it should be another by now.
    """

    id: str = ""
    body: Json | None = None
    is_edited: bool = False


def automation_name(name: str) -> str:
    """Return the name of the automation of the notification ``name``."""
    return f"notification {name}"


def automation_of(name: str, spec: NotificationSpec, block_id: str) -> Json:
    """Return the automation that sends the events of ``spec`` to its block."""
    match: Json = {"prefect.resource.id": ["slipway.*"]}
    if spec.projects:
        match["slipway.project"] = sorted(spec.projects)
    if spec.environments:
        match["slipway.environment"] = sorted(spec.environments)
    automation: Json = {
        "name": automation_name(name),
        "enabled": True,
        "trigger": {
            "type": "event",
            "posture": "Reactive",
            "match": match,
            "match_related": {},
            "for_each": [],
            "after": [],
            "expect": sorted(event.full for event in spec.events),
            "threshold": 1,
            "within": 0,
        },
        "actions": [
            {
                "type": "send-notification",
                "block_document_id": block_id,
                "subject": "{{ event.payload.subject }}",
                "body": "{{ event.payload.message }}",
            }
        ],
        "actions_on_trigger": [],
        "actions_on_resolve": [],
    }
    digest = digest_of(automation)
    return automation | {
        "description": f"Sends to the notification {name} of slipway.yaml [{digest}]"
    }


def change_of(existing: Iterable[Json], name: str, desired: Json) -> AutomationChange:
    """Return what is to be done so that the ``desired`` automation is there.

    The switch of one that is there, its name and its tags stay as they are.
    """
    current = next((each for each in existing if _belongs_to(each, name)), None)
    if current is None:
        return AutomationChange(body=desired)
    if digest_of(current) == digest_of(desired):
        return AutomationChange(current["id"])
    if is_edited(current):
        return AutomationChange(current["id"], is_edited=True)
    kept = {key: current[key] for key in ("name", "enabled", "tags") if key in current}
    return AutomationChange(current["id"], body=desired | kept)


def orphans(existing: Iterable[Json], names: Iterable[str]) -> list[Json]:
    """Return unedited automations of ours whose notification is gone: they could only fail."""
    known = set(names)
    return [
        each
        for each in existing
        if (owner := _owner(each)) and owner not in known and not is_edited(each)
    ]


def is_edited(automation: Json) -> bool:
    """Tell whether somebody else has changed what an automation does, or its description."""
    mark = _MARK.fullmatch(automation.get("description") or "")
    return mark is None or mark[2] != digest_of(automation)


def digest_of(automation: Json) -> str:
    """Return a digest of what an automation does, whatever the server has added to it."""
    trigger = automation["trigger"]
    parts: Json = {key: _plain(trigger.get(key)) for key in _TRIGGER}
    parts |= {key: float(trigger.get(key) or 0) for key in _NUMBERS}
    actions = [{key: action.get(key) for key in _ACTION} for action in automation["actions"]]
    others = [automation.get(key) or [] for key in ("actions_on_trigger", "actions_on_resolve")]
    text = json.dumps([parts, actions, others], sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _plain(value: object) -> object:
    """Return a part of a trigger without what means nothing: the order of sets, lists of one."""
    if isinstance(value, Mapping):
        return {
            key: _plain([item] if isinstance(item, str) else item) for key, item in value.items()
        }
    if isinstance(value, (list, set, tuple)):
        return sorted(value, key=str)
    return value or {}


def _belongs_to(automation: Json, name: str) -> bool:
    return automation.get("name") == automation_name(name) or _owner(automation) == name


def _owner(automation: Json) -> str:
    """Return the notification that its mark names; empty where it has none."""
    mark = _MARK.fullmatch(automation.get("description") or "")
    return mark[1] if mark else ""
