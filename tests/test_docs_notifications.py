"""Tests that the page on notifications agrees with the events and the keys that there are."""

from __future__ import annotations

from pathlib import Path

import pytest

from flows.configure import build_blocks
from tasks.configuration import read_configuration
from tasks.event_resource import Resource
from tasks.events import Event, EventName
from tasks.notification_spec import FOR_A_PERSON
from tests.readme import code, document
from tests.tasks.test_event_resource import RESOURCES
from tests.tasks.test_events import EVENTS

PAGE = document("notifications")
ROWS = {code(row[0])[0]: row for row in PAGE.table("event")}


def test_every_event_is_listed_under_its_name_in_prefect() -> None:
    """Nobody could ask for an event, or would wait for one that never comes."""
    assert {name: code(row[1]) for name, row in ROWS.items()} == {
        str(name): [name.full] for name in EventName
    }


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: str(event.name))
def test_payload_resource_and_default_are_as_listed(event: Event) -> None:
    """An automation would read a field that is not there, or match another resource."""
    _, _, resource, payload, default = ROWS[str(event.name)]
    assert set(event.payload) - {"subject", "message"} <= set(code(payload))
    kind = "service" if ".service." in event.resource.id else event.resource.id.split(".")[1]
    assert resource == kind
    assert (default == "yes") is (event.name in FOR_A_PERSON)


@pytest.mark.parametrize(("kind", "resource"), RESOURCES.items())
def test_every_resource_is_listed_with_its_labels(kind: str, resource: Resource) -> None:
    """A trigger would match nothing."""
    [(_, identifier, labels)] = [row for row in PAGE.table("resource") if row[0] == kind]
    assert resource.id.startswith(code(identifier)[0].partition("<")[0])
    owned = {"slipway.project", "slipway.environment"} if kind in {"service", "insight"} else set()
    assert set(code(labels)) | owned == set(resource.labels)


def test_the_file_it_shows_is_accepted(tmp_path: Path) -> None:
    """Who copies it would be refused."""
    [text] = PAGE.blocks("yaml")
    (tmp_path / "slipway.yaml").write_text(text)
    address = {"ONCALL_URL": "json://127.0.0.1:1/"}
    blocks = build_blocks(read_configuration(tmp_path / "slipway.yaml", address))
    assert set(blocks) == {"notification/oncall"}
