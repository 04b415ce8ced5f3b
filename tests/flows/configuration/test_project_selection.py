"""Tests of which projects a run is about: by name, glob and tag, and never by guess."""

from __future__ import annotations

import pytest
from prefect.utilities.callables import parameter_schema

from blocks.parameter import NameOrAll, Projects, ProjectsOrAll
from flows.configuration.parameter_errors import unfit
from flows.configuration.project_selection import plain_names, selected
from tasks.errors import NotFoundError

TAGS = {"shop": ["team-a"], "web-1": ["team-a", "public"], "web-2": [], "webshop": []}


@pytest.mark.parametrize(
    ("entries", "projects"),
    [
        (["shop"], ["shop"]),
        (["web-*"], ["web-1", "web-2"]),
        (["web-?", "shop"], ["web-1", "web-2", "shop"]),
        (["tag:team-a"], ["shop", "web-1"]),
        (["web-2", "*", "tag:public", "web-2"], ["web-2", "shop", "web-1", "webshop"]),
    ],
)
def test_entries_are_names_globs_and_tags(entries: list[str], projects: list[str]) -> None:
    """Broken: another project is stopped than the one that was meant, or one of them twice."""
    assert selected(entries, TAGS) == projects


@pytest.mark.parametrize(
    ("entry", "close"),
    [("shpo", "'shop'"), ("tag:team-b", "'tag:team-a'"), ("api-*", ""), ("public", "known are")],
)
def test_an_entry_that_means_nothing_is_refused_with_what_there_is(entry: str, close: str) -> None:
    """Broken: of a typo in a list nothing is seen, and what it meant is not launched."""
    with pytest.raises(NotFoundError, match="a tag such as tag:team-a") as caught:
        selected(["shop", entry], TAGS)
    assert (caught.value.field, caught.value.value) == ("projects", entry)
    assert close in str(caught.value)


def _needed(project: NameOrAll = "", projects: Projects = None) -> None:
    """Take what `launch` takes."""


def _or_all(project: NameOrAll = "", projects: ProjectsOrAll = None) -> None:
    """Take what `status` takes."""


@pytest.mark.parametrize(
    ("parameters", "complaint"),
    [
        ({}, "project: is missing, and so is projects"),
        ({"project": "", "projects": []}, "Name a project, or several under projects."),
        ({"project": "shop", "projects": ["web-1"]}, "projects: is given together with project"),
        ({"projects": ["Web"]}, "projects"),
        ({"projects": ["team:a"]}, "projects"),
        ({"projects": [""]}, "projects"),
        ({"projects": "web-*"}, "projects"),
    ],
)
def test_the_api_refuses_what_does_not_say_which(
    parameters: dict[str, object], complaint: str
) -> None:
    """Broken: a process is started that can only say that it was asked for nothing."""
    schema = parameter_schema(_needed).model_dump_for_openapi()
    assert complaint in unfit(schema, parameters)


def test_the_api_takes_either_and_for_some_neither() -> None:
    """Broken: a schedule on a glob, or the status of all, is refused."""
    needed = parameter_schema(_needed).model_dump_for_openapi()
    assert unfit(needed, {"project": "shop"}) == ""
    assert unfit(needed, {"project": "", "projects": ["web-*", "tag:team-a", "shop"]}) == ""
    assert unfit(needed, {}, partial=True) == ""
    either = parameter_schema(_or_all).model_dump_for_openapi()
    assert unfit(either, {}) == ""
    assert "together" in unfit(either, {"project": "shop", "projects": ["web-1"]})


def test_names_are_told_from_what_stands_for_several() -> None:
    """Broken: a run is tagged with a project that nobody has."""
    assert plain_names(["shop", "web-*", "web-?", "tag:team-a", "", 7]) == ["shop"]
