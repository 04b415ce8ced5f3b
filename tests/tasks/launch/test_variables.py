"""Variables are inherited, filled in from known values only, and secrets stay hidden."""

from __future__ import annotations

import pytest
from pydantic import SecretStr

from blocks.project_spec import EnvironmentSpec
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.variables import literal, render, resolve

ENVIRONMENTS = {
    "base": EnvironmentSpec(variables={"A": "1", "B": "1"}, secrets={"S": SecretStr("one")}),
    "dev": EnvironmentSpec(variables={"B": "2"}, inherits="base"),
    "prod": EnvironmentSpec(secrets={"S": SecretStr("two")}, inherits="dev"),
    "left": EnvironmentSpec(inherits="right"),
    "right": EnvironmentSpec(inherits="left"),
    "lost": EnvironmentSpec(inherits="nowhere"),
}


def test_the_nearest_value_wins() -> None:
    """Broken: prod would run with the values of dev."""
    found = resolve("prod", ENVIRONMENTS)
    assert found.variables == {"A": "1", "B": "2"}
    assert found.secrets["S"].get_secret_value() == "two"


def test_a_circle_is_named() -> None:
    """Broken: two environments that inherit each other would hang a launch."""
    with pytest.raises(BadInputError, match="left -> right -> left"):
        resolve("left", ENVIRONMENTS)


@pytest.mark.parametrize(
    ("name", "field"), [("none", "environment"), ("lost", "environments.lost.inherits")]
)
def test_an_unknown_environment_is_named(name: str, field: str) -> None:
    """Broken: a typing error would launch without any variable."""
    with pytest.raises(NotFoundError) as caught:
        resolve(name, ENVIRONMENTS)
    assert caught.value.field == field


def test_values_are_filled_in() -> None:
    """Broken: a service would not know its port."""
    assert render("f", "-b {{ host }}:{{ port }}", {"host": "h", "port": 1}) == "-b h:1"


@pytest.mark.parametrize(
    "template",
    ["{{ nothing }}", "{{ ", "{{ host.__class__.__mro__ }}", "{{ host.x }}"],
)
def test_what_is_unknown_or_forbidden_is_bad_input(template: str) -> None:
    """Broken: a service would start with an empty value, or a template run code."""
    with pytest.raises(BadInputError, match=r"cannot be filled in .* It may use: host"):
        render("f", template, {"host": "h"})


@pytest.mark.parametrize(
    "text", ["{{.State}}", "${#list[@]}", "{% raw %}", "{{ '{{' }}", "a{b}c", "{#x#}", "a\n"]
)
def test_a_text_may_be_no_template(text: str) -> None:
    """Broken: a Procfile is filled in, or refused, although it is no template."""
    assert render("f", literal(text), {}) == text


def test_the_shell_has_its_own_braces() -> None:
    """Broken: `${#list[@]}` is refused as the start of a comment."""
    assert render("f", 'x ${#list[@]} {{ port }} "${list[*]#a}"', {"port": 1}) == (
        'x ${#list[@]} 1 "${list[*]#a}"'
    )


def test_the_error_names_the_escape() -> None:
    """Broken: nobody finds out how to write `docker ps --format {{.State}}`."""
    with pytest.raises(BadInputError) as caught:
        render("f", "docker ps --format {{.State}}", {"port": 1})
    assert caught.value.remedy == "It may use: port. For {{ itself write {{ '{{' }}."
    assert render("f", "--format {{ '{{' }}.State}}", {}) == "--format {{.State}}"
