"""Tests that templates in the parameters of a run are refused."""

from __future__ import annotations

from typing import Any

import pytest

from stack.server.request_validation import admitted
from stack.server.templates import refuse_templates
from tasks.errors import BadInputError

JINJA = {"__prefect_kind": "jinja", "template": "{{ 7 * 7 }}"}
VARIABLE = {"__prefect_kind": "workspace_variable", "variable_name": "secret"}


@pytest.mark.parametrize(
    ("parameters", "place"),
    [
        ({"project": JINJA}, "parameters.project"),
        ({"providers": ["local", VARIABLE]}, "parameters.providers.1"),
        ({"goal": {"__prefect_kind": "json", "value": JINJA}}, "parameters.goal.value"),
        ({"goal": {"__prefect_kind": 7}}, "parameters.goal"),
    ],
)
def test_a_template_is_refused_by_its_place(parameters: dict[str, Any], place: str) -> None:
    """Broken: what runs is not what was asked for, and a variable of the server leaks."""
    with pytest.raises(BadInputError, match="is a template") as caught:
        refuse_templates({"parameters": parameters})
    assert caught.value.field == place


def test_a_text_of_json_from_the_run_form_is_looked_into() -> None:
    """Broken: a text of JSON carries in what is refused elsewhere, or the form cannot send any."""
    plain = {"__prefect_kind": "json", "value": '{"budget": 2}'}
    refuse_templates({"parameters": {"goal": plain, "other": {"__prefect_kind": "none"}}})
    hidden = {"__prefect_kind": "json", "value": r'{"budget": "\ud800"}'}
    with pytest.raises(BadInputError, match=r"parameters\.goal\.value\.budget: holds half"):
        refuse_templates({"parameters": {"goal": hidden}})


def test_a_key_that_is_written_with_escapes_is_seen() -> None:
    """Broken: one escaped letter gets a template past the first look."""
    with pytest.raises(BadInputError, match="is a template"):
        admitted("/deployments/1/create_flow_run", rb'{"\u005f_prefect_kind": "jinja"}')
