"""Tests of the schema of a project, which Prefect asks for often."""

from __future__ import annotations

from typing import Any

from blocks.project import Project


def test_its_schema_is_the_one_that_prefect_makes() -> None:
    """Every stored project would count as one of another version."""
    made_anew: Any = super(Project, Project)
    assert Project.model_json_schema() == made_anew.model_json_schema()
    assert Project.model_json_schema(by_alias=False) == made_anew.model_json_schema(by_alias=False)


def test_who_changes_it_changes_it_for_nobody_else() -> None:
    """What one caller takes out would be missing for all others."""
    Project.model_json_schema().pop("properties")
    assert "services" in Project.model_json_schema()["properties"]
