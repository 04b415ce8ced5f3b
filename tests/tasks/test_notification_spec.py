"""Tests of notifications in slipway.yaml: defaults, and what is refused before anything is saved."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.configuration import Configuration, read_configuration, refuse_unknown_names
from tasks.errors import BadInputError, NotFoundError
from tasks.events import EventName
from tasks.notification_spec import FOR_A_PERSON, NotificationSpec

HEAD = "projects: {shop: {source: x}}\nenvironments: {prod: {}}\nnotifications: {oncall: "


def read(folder: Path, notification: str) -> Configuration:
    """Return the configuration with one notification."""
    path = folder / "slipway.yaml"
    path.write_text(f"{HEAD}{notification}}}\n")
    return read_configuration(path, {"ONCALL_URL": "json://u:hunter22@host"})


def test_its_address_comes_from_the_environment_and_stays_secret(tmp_path: Path) -> None:
    """The password would stand in the file, or wherever the configuration is shown."""
    spec = read(tmp_path, "{url: {env: ONCALL_URL}}").notifications["oncall"]
    assert spec.url.get_secret_value() == "json://u:hunter22@host"
    assert "hunter22" not in repr(spec)
    assert tuple(spec.events) == FOR_A_PERSON
    assert EventName.DEPLOY_DONE not in spec.events
    assert (spec.projects, spec.environments, spec.quiet_hours) == ([], [], "")


@pytest.mark.parametrize(
    ("notification", "field", "words"),
    [
        ("{events: [service-gone]}", "url", "is missing"),
        ("{url: json://a, events: [service-gnoe]}", "events.0", "service-gone"),
        ("{url: json://a, events: []}", "events", "needs at least 1"),
        ("{url: json://a, event: [service-gone]}", "event", "Did you mean 'events'"),
        ("{url: json://a, quiet_hours: at night}", "quiet_hours", "22:00-07:00 Europe/Berlin"),
        ("{url: json://a, quiet_hours: 22:00-07:00 Nowhere}", "quiet_hours", "no time zone"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, notification: str, field: str, words: str) -> None:
    """Nobody would be told of a fault, and learn of it only then."""
    with pytest.raises(BadInputError, match=words) as caught:
        read(tmp_path, notification)
    assert caught.value.field == f"notifications.oncall.{field}"


def test_the_word_that_yaml_takes_away_is_named(tmp_path: Path) -> None:
    """Who writes `on` would read of a key `True` that stands nowhere in the file."""
    with pytest.raises(BadInputError, match=r"`on`.*write `events`") as caught:
        read(tmp_path, "{url: slack://hunter22/b/c, on: [service-gone]}")
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("notification", "field"),
    [
        ("{url: [slack://hunter22/b/c]}", "notifications.oncall.url"),
        ("[slack://hunter22/b/c]", "notifications.oncall"),
        ("slack://hunter22/b/c", "notifications.oncall"),
        ('{url: "slack://hunter22/\\0"}', "notifications.oncall.url"),
    ],
)
def test_a_wrong_address_is_not_shown(tmp_path: Path, notification: str, field: str) -> None:
    """A token would stand in the message of the run."""
    with pytest.raises(BadInputError) as caught:
        read(tmp_path, notification)
    assert caught.value.field == field
    assert "hunter22" not in str(caught.value)


@pytest.mark.parametrize(
    ("key", "value", "known"), [("projects", "shpo", "shop"), ("environments", "prd", "prod")]
)
def test_what_nobody_has_configured_is_refused(
    tmp_path: Path, key: str, value: str, known: str
) -> None:
    """A misspelt project would never be told of."""
    configuration = read(tmp_path, f"{{url: json://a, {key}: [{value}]}}")
    with pytest.raises(NotFoundError, match=known) as caught:
        refuse_unknown_names(configuration, [], [], ["local"])
    assert (caught.value.field, caught.value.value) == (f"notifications.oncall.{key}", value)


def test_what_is_configured_already_is_known(tmp_path: Path) -> None:
    """A file of notifications alone could name no project."""
    configuration = read(tmp_path, "{url: json://a, projects: [blog], environments: [dev, prod]}")
    refuse_unknown_names(configuration, ["blog"], ["dev"], ["local"])


def test_a_name_that_is_written_twice_counts_once() -> None:
    """The server keeps it once, so each configure would take the automation for an edited one."""
    names = {"events": ["deploy-done", "deploy-done"], "projects": ["shop", "blog", "shop"]}
    spec = NotificationSpec.model_validate({"url": "json://localhost", **names})
    assert spec.events == ["deploy-done"]
    assert spec.projects == ["shop", "blog"]
