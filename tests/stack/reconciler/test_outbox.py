"""Tests of the outbox: no event is lost while the server is away, and none delays anything."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

from stack.api import SlipwayApi
from stack.reconciler import outbox as module
from stack.reconciler.outbox import Outbox
from tasks.events import backup_failed


class Fake(Protocol):
    """What these tests use of the fake server."""

    answer: Callable[..., None]
    bodies: Callable[[str], list[Any]]
    client: Callable[..., SlipwayApi]


EVENTS = "POST /events"


def names(bodies: list[Any]) -> list[list[str]]:
    """Return the projects of the events in each request."""
    return [[each["resource"]["slipway.project"] for each in body] for body in bodies]


def test_an_event_is_sent_once(prefect_api: Fake, tmp_path: Path) -> None:
    """Somebody would be told the same every two seconds."""
    prefect_api.answer(EVENTS, (204, None))
    with prefect_api.client() as api:
        outbox = Outbox(tmp_path / "events", api)
        outbox.put(backup_failed("shop", "prod", "no room"))
        assert [outbox(now) for now in (1.0, 2.0)] == [[], []]
    assert names(prefect_api.bodies(EVENTS)) == [["shop"]]


def test_what_a_server_does_not_take_is_sent_later(prefect_api: Fake, tmp_path: Path) -> None:
    """A service that dies while the server is away would be told to nobody."""
    prefect_api.answer(EVENTS, (503, {}), (204, None))
    with prefect_api.client() as api:
        outbox = Outbox(tmp_path / "events", api)
        outbox.put(backup_failed("shop", "prod", "no room"))
        assert outbox(1.0) == []
        again = Outbox(tmp_path / "events", api)  # the reconciler was started again
        again.put(backup_failed("blog", "prod", "no room"))
        assert again(2.0) == []
        assert again(3.0) == []
    first, second = prefect_api.bodies(EVENTS)
    assert names([first, second]) == [["shop"], ["shop", "blog"]]
    assert first[0] == second[0]  # under the same id, with the time at which it happened


def test_a_server_that_is_away_is_asked_once(tmp_path: Path) -> None:
    """The lane would wait for its patience, once for each event."""
    with SlipwayApi("http://127.0.0.1:9/api", patience_seconds=3600) as api:
        outbox = Outbox(tmp_path / "events", api)
        for project in ("shop", "blog"):
            outbox.put(backup_failed(project, "prod", "no room"))
        assert outbox(1.0) == []


def test_what_is_refused_does_not_block_the_rest(prefect_api: Fake, tmp_path: Path) -> None:
    """One event that the server refuses would hold back all that follow."""
    prefect_api.answer(EVENTS, (422, {"detail": "too many labels"}), (204, None))
    with prefect_api.client() as api:
        outbox = Outbox(tmp_path / "events", api)
        outbox.put(backup_failed("shop", "prod", "no room"))
        [sentence] = outbox(1.0)
        assert "too many labels" in sentence
        outbox.put(backup_failed("blog", "prod", "no room"))
        assert outbox(2.0) == []
    assert names(prefect_api.bodies(EVENTS)) == [["shop"], ["blog"]]


def test_what_cannot_be_written_is_sent_nevertheless(prefect_api: Fake, tmp_path: Path) -> None:
    """On a full disk, a rollout whose controller died would be ended by nobody."""
    prefect_api.answer(EVENTS, (204, None))
    with prefect_api.client() as api:
        outbox = Outbox(tmp_path / "missing" / "events", api)
        outbox.put(backup_failed("shop", "prod", "no room"))
        assert outbox(1.0) == []
    assert names(prefect_api.bodies(EVENTS)) == [["shop"]]


def test_it_does_not_grow_for_ever(
    prefect_api: Fake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that never comes back would fill the disk."""
    monkeypatch.setattr(module, "MAX_EVENTS", 2)
    prefect_api.answer(EVENTS, (204, None))
    with prefect_api.client() as api:
        outbox = Outbox(tmp_path / "events", api)
        for project in ("shop", "blog", "wiki"):
            outbox.put(backup_failed(project, "prod", "no room"))
        outbox(1.0)
    assert names(prefect_api.bodies(EVENTS)) == [["blog", "wiki"]]


@pytest.mark.parametrize("text", ["", "[{", '{"a": 1}'])
def test_a_torn_file_counts_as_empty(prefect_api: Fake, tmp_path: Path, text: str) -> None:
    """The reconciler would not start after a full disk."""
    (tmp_path / "events").write_text(text)
    with prefect_api.client() as api:
        assert Outbox(tmp_path / "events", api)(1.0) == []
