"""Variables are inherited, filled in from known values only, and secrets stay hidden."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from blocks.environment_spec import EnvironmentSpec, ProjectEnvironment
from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError, NotFoundError
from tasks.launch.instances.command import TemplateContext
from tasks.launch.variables import (
    TEMPLATE_NAMES,
    check_template,
    literal,
    own_variable_warnings,
    refuse_impossible_templates,
    render,
    resolve,
    values_for_nobody,
)
from tasks.release import Release

ALL = {"shared_with": ["all"]}
ENVIRONMENTS = {
    name: EnvironmentSpec.model_validate(fields)
    for name, fields in {
        "base": {"variables": {"A": "1", "B": "1"}, "secrets": {"S": "one"}, **ALL},
        "dev": {"variables": {"B": "2"}, "inherits": "base", **ALL},
        "prod": {"secrets": {"S": "two"}, "inherits": "dev", **ALL},
        "left": {"inherits": "right"},
        "right": {"inherits": "left"},
        "lost": {"inherits": "nowhere"},
        "shops": {"secrets": {"KEY": "of shops"}, "shared_with": ["shop", "store"]},
        "whose": {"inherits": "open"},
        "open": {"variables": {"A": "1"}},
    }.items()
}


def own(**environments: dict[str, object]) -> dict[str, ProjectEnvironment]:
    """Give what a project says of its environments."""
    return {
        name: ProjectEnvironment.model_validate(values) for name, values in environments.items()
    }


def test_the_nearest_value_wins() -> None:
    """Broken: prod would run with the values of dev."""
    resolved = resolve("prod", ENVIRONMENTS, "shop", {})
    assert resolved.variables == {"A": "1", "B": "2"}
    assert resolved.secrets["S"].get_secret_value() == "two"


def test_a_projects_own_values_win_over_shared_ones() -> None:
    """Broken: two projects cannot both have DATABASE."""
    mine = own(base={"variables": {"B": "mine", "S": "open"}}, dev={"secrets": {"A": "hidden"}})
    resolved = resolve("prod", ENVIRONMENTS, "shop", mine)
    assert resolved.variables == {"B": "mine", "S": "open"}
    assert {name: secret.get_secret_value() for name, secret in resolved.secrets.items()} == {
        "A": "hidden"
    }


def test_only_projects_that_are_named_get_what_is_shared() -> None:
    """Broken: the services of one project have the keys of another."""
    assert resolve("shops", ENVIRONMENTS, "shop", {}).secrets.keys() == {"KEY"}
    assert not resolve("shops", ENVIRONMENTS, "blog", {}).secrets


@pytest.mark.parametrize("name", ["open", "whose"])
def test_values_that_are_for_nobody_are_refused(name: str) -> None:
    """Broken: a project runs without values, or with those of others, and nobody is told."""
    with pytest.raises(BadInputError, match="which projects A are for") as caught:
        resolve(name, ENVIRONMENTS, "shop", {})
    assert caught.value.field == "environments.open.shared_with"


@pytest.mark.parametrize("name", ["", " "])
def test_a_blank_environment_is_refused(name: str) -> None:
    """Broken: a service starts without any variable, in an environment that nobody can name."""
    with pytest.raises(BadInputError, match="environment: is empty"):
        resolve(name, ENVIRONMENTS, "shop", {})


@pytest.mark.parametrize("name", ["1A", "A-B", "A=B", "", "Ä", "A B"])
@pytest.mark.parametrize("kind", ["variables", "secrets"])
def test_names_are_those_of_variables(name: str, kind: str) -> None:
    """Broken: a name that no process can read, or that ends in another one, is set without a word."""
    with pytest.raises(ValidationError, match="not a valid name of an environment variable"):
        ProjectEnvironment.model_validate({kind: {name: "x"}})


def test_a_circle_is_named() -> None:
    """Broken: two environments that inherit each other would hang a launch."""
    with pytest.raises(BadInputError, match="left -> right -> left"):
        resolve("left", ENVIRONMENTS, "shop", {})


@pytest.mark.parametrize(
    ("name", "field"), [("none", "environment"), ("lost", "environments.lost.inherits")]
)
def test_an_unknown_environment_is_named(name: str, field: str) -> None:
    """Broken: a typing error would launch without any variable."""
    with pytest.raises(NotFoundError) as caught:
        resolve(name, ENVIRONMENTS, "shop", {})
    assert caught.value.field == field


def test_values_are_filled_in() -> None:
    """Broken: a service would not know its port."""
    assert render("f", "-b {{ host }}:{{ port }}", {"host": "h", "port": 1}) == "-b h:1"


@pytest.mark.parametrize(
    "template",
    [
        "{{ nothing }}",
        "{{ ",
        "{{ host.__class__.__mro__ }}",
        "{{ host.x }}",
        "{% for i in range(999999999) %}{% endfor %}",
        "{{ 1 // 0 }}",
        "{{ host + 1 }}",
    ],
)
def test_what_is_unknown_or_forbidden_is_bad_input(template: str) -> None:
    """Broken: a service would start with an empty value, or a template run code."""
    with pytest.raises(BadInputError, match=r"cannot be filled in .* It may use: host"):
        render("f", template, {"host": "h"})


@pytest.mark.parametrize(
    "text", ["{{.State}}", "${#list[@]}", "{% raw %}", "{{ '{{' }}", "a{b}c", "{#x#}", "a\n"]
)
def test_a_text_may_be_no_template(text: str) -> None:
    """Broken: a Procfile is filled in, or refused, although it is not a template."""
    assert render("f", literal(text), {}) == text


@pytest.mark.parametrize("template", ["{{ prot }}", "serve {{ port ", "{% if %}"])
def test_a_template_that_could_never_be_filled_in_is_refused(template: str) -> None:
    """Broken: what is misspelt when it is configured fails when it is launched."""
    with pytest.raises(BadInputError, match=r"^f: cannot be filled in .* It may use: data, env"):
        check_template("f", template)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"services": {"web": {"command": "{{ prot }}"}}}, "services.web.command"),
        ({"before": ["true", "{{ prot }}"]}, "before[1]"),
        (
            {"environments": {"dev": {"variables": {"URL": "{{ prot }}"}}}},
            "environments.dev.variables.URL",
        ),
    ],
)
def test_templates_are_looked_at_wherever_a_project_has_them(
    fields: dict[str, object], field: str
) -> None:
    """Broken: a place is left out, and what is misspelt there fails when it is launched."""
    spec = ProjectSpec.model_validate({"source": "."} | fields)
    with pytest.raises(BadInputError, match="'prot' is undefined") as caught:
        refuse_impossible_templates("shop", spec)
    assert caught.value.field == f"projects.shop.{field}"


def test_every_name_that_a_service_is_given_may_be_used() -> None:
    """Broken: what would be filled in is refused, or the other way round."""
    context = TemplateContext("shop", "dev", 0, "127.0.0.1", 8000, Path("/data"))
    release = Release("shop", "0" * 16, "1.0", Path("/r"), "python", 0.0)
    assert context.values(release).keys() == TEMPLATE_NAMES
    check_template("f", "serve {{ host }}:{{ port }} ${#list[@]} {{ '{{' }}.State}}")


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


def test_values_that_reach_nobody_are_told() -> None:
    """A variable is configured, all is completed, and no service ever sees it."""
    own = {name: ProjectEnvironment(variables={"A": "b"}) for name in ("base", "dev", "demo")}
    own["empty"] = ProjectEnvironment()
    environments = {name: EnvironmentSpec() for name in (*own, "prod")}
    (message,) = values_for_nobody("shop", own, environments, {"demo"})
    assert message.startswith("Nothing of shop runs in base yet and no environment inherits it")
    assert "launch shop in base, or write `inherits: base` under the environment" in message
    environments["dev"] = EnvironmentSpec(inherits="base")
    assert values_for_nobody("shop", own, environments, {"demo"}) == []


def test_variables_that_are_ours_to_give_are_told_of() -> None:
    """Broken: nobody learns why a service does not get the port, or the address, that was written."""
    port, host = own_variable_warnings(
        "environments.dev.variables", {"PORT": "9", "HOST": "h", "TZ": "UTC"}
    )
    assert port.startswith("environments.dev.variables.PORT does not reach a service with a port")
    assert host.startswith("environments.dev.variables.HOST replaces the address")
    assert not own_variable_warnings(
        "environments.dev.variables", {"PORT": "{{ port }}", "TZ": "UTC"}
    )
