"""Variables of an environment: how they are inherited, and how templates are filled in.

Templates run in Jinja2's immutable sandbox: they can only read the values they are given.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping

from jinja2 import StrictUndefined, TemplateError, meta
from jinja2.sandbox import ImmutableSandboxedEnvironment

from blocks.environment_spec import EnvironmentSpec, ProjectEnvironment
from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError, NotFoundError

_JINJA = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
    # `{#` is the shell's, as in ${#list[@]}: comments would be of no use here.
    comment_start_string="{#slipway-comment",
    comment_end_string="slipway-comment#}",
)
TEMPLATE_NAMES = frozenset(
    {"data", "environment", "host", "port", "project", "release", "replica", "version"}
)
"""What a template may name; not all of it is there for every service and step."""
_TEMPLATE_ERRORS = (
    TemplateError,
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
)
"""What the sandbox and the operators of a template raise."""
_SERVED = ("dev", "staging", "prod")
"""Environments in which projects are launched, even where nothing runs yet."""
_PORT = "port"
_OPENING = re.compile(r"\{[{%]")
_ESCAPE = "For {{ itself write {{ '{{' }}"


def lineage(name: str, environments: Mapping[str, EnvironmentSpec]) -> list[str]:
    """Return environment ``name`` and those it inherits from, the furthest first.

    Raises:
        NotFoundError: It, or one it inherits, does not exist.
        BadInputError: They inherit one another in a circle, which is named, or the name is empty.
    """
    if not name.strip():
        names = ", ".join(sorted(environments)) or "none"
        raise BadInputError("environment", name, "is empty", f"Name one: {names}.")
    chain: list[str] = []
    field, current = "environment", name
    while current:
        if current in chain:
            circle = " -> ".join([*chain[chain.index(current) :], current])
            raise BadInputError(field, current, f"inherits itself: {circle}", "Break the circle.")
        if current not in environments:
            raise NotFoundError(field, current, list(environments), "Configure it, or correct it.")
        chain.append(current)
        field, current = f"environments.{current}.inherits", environments[current].inherits
    return chain[::-1]


def resolve(
    name: str,
    environments: Mapping[str, EnvironmentSpec],
    project: str,
    own: Mapping[str, ProjectEnvironment],
) -> ProjectEnvironment:
    """Return the values of ``project`` in environment ``name``: its ``own`` ones over shared ones.

    Of several values, that of the nearest environment in the line of inheritance wins.

    Raises:
        NotFoundError: It, or one it inherits, does not exist.
        BadInputError: One does not say which projects its values are for, or they form a circle.
    """
    line = lineage(name, environments)
    shared = merged = ProjectEnvironment()
    for ancestor in line:
        refuse_unshared(ancestor, environments[ancestor])
        if environments[ancestor].reaches(project):
            shared = environments[ancestor].over(shared)
        merged = own.get(ancestor, ProjectEnvironment()).over(merged)
    return merged.over(shared)


def values_for_nobody(
    project: str,
    own: Mapping[str, ProjectEnvironment],
    environments: Mapping[str, EnvironmentSpec],
    launched: Collection[str],
) -> list[str]:
    """Return a sentence for each environment in which ``project`` has values that reach nobody.

    Args:
        project: Name of the project.
        own: ``ProjectSpec.environments``.
        environments: All configured environments.
        launched: The environments in which its services run.
    """
    inherited = {environment.inherits for environment in environments.values()}
    served = {*_SERVED, *launched, *inherited}
    return [
        f"Nothing of {project} runs in {name} yet and no environment inherits it, so its values "
        f"reach nobody: launch {project} in {name}, or write `inherits: {name}` under the "
        "environment that should have them."
        for name, values in own.items()
        if (values.variables or values.secrets) and name not in served
    ]


def own_variable_warnings(field: str, variables: Mapping[str, str]) -> list[str]:
    """Return a sentence for each of ``variables`` at ``field`` that Slipway sets itself."""
    sentences = []
    if "{{" not in variables.get("PORT", "{{ port }}"):
        sentences.append(
            f"{field}.PORT does not reach a service with a port, which is given its own: "
            "leave it out, or use another name."
        )
    if "HOST" in variables:
        sentences.append(
            f"{field}.HOST replaces the address that Slipway gives: a command that binds $HOST "
            "listens there; use another name where it means something else."
        )
    return sentences


def refuse_unshared(name: str, environment: EnvironmentSpec) -> None:
    """Refuse an environment with values that are shared with no project.

    Raises:
        BadInputError: It has such values.
    """
    if environment.has_values and not environment.shared_with:
        values = ", ".join(sorted([*environment.variables, *environment.secrets]))
        raise BadInputError(
            f"environments.{name}.shared_with",
            environment.shared_with,
            f"nothing says which projects {values} are for",
            f"Move them to `projects.<project>.environments.{name}`, or, where projects share "
            "them, write `shared_with: [<project>, ...]`, or `shared_with: all`.",
        )


def literal(text: str) -> str:
    """Return a template that renders to ``text``, whatever is in it."""
    return _OPENING.sub(lambda match: f"{{{{ '{match[0]}' }}}}", text)


def check_template(field: str, template: str) -> None:
    """Refuse a template that could never be filled in.

    Raises:
        BadInputError: It is not a valid template, or names what no template may.
    """
    try:
        unknown = sorted(meta.find_undeclared_variables(_JINJA.parse(template)) - TEMPLATE_NAMES)
    except TemplateError as error:
        raise _unfillable(field, template, str(error), TEMPLATE_NAMES) from error
    if unknown:
        raise _unfillable(field, template, f"'{unknown[0]}' is undefined", TEMPLATE_NAMES)


def refuse_impossible_templates(name: str, project: ProjectSpec) -> None:
    """Refuse commands and variables that could not be filled in when a service starts.

    Raises:
        BadInputError: It names the field of the project called ``name``.
    """
    for service, spec in project.services.items():
        check_template(f"projects.{name}.services.{service}.command", spec.command)
    for number, command in enumerate(project.before or []):
        check_template(f"projects.{name}.before[{number}]", command)
    for environment, values in project.environments.items():
        for variable, value in values.variables.items():
            check_template(
                f"projects.{name}.environments.{environment}.variables.{variable}", value
            )


def render(field: str, template: str, values: Mapping[str, object]) -> str:
    """Fill ``values`` into ``template``.

    Raises:
        BadInputError: It names a value that does not exist, or is not a valid template.
    """
    try:
        return _JINJA.from_string(template).render(values)
    except _TEMPLATE_ERRORS as error:
        raise _unfillable(field, template, str(error), values) from error


def filled_variables(
    environment: str, variables: Mapping[str, str], values: Mapping[str, object]
) -> dict[str, str]:
    """Fill ``values`` into the ``variables`` of an environment.

    What has no port (a step, a command before a release serves, a service that takes no traffic)
    does not get the variables that name it.

    Raises:
        BadInputError: A template names a value that does not exist.
    """
    return {
        name: render(f"environments.{environment}.variables.{name}", template, values)
        for name, template in variables.items()
        if _PORT in values or not _names_port(template)
    }


def _names_port(template: str) -> bool:
    try:
        return _PORT in meta.find_undeclared_variables(_JINJA.parse(template))
    except TemplateError:  # what fills it in reports it
        return False


def _unfillable(field: str, template: str, reason: str, names: Iterable[str]) -> BadInputError:
    remedy = f"It may use: {', '.join(sorted(names))}. {_ESCAPE}."
    return BadInputError(field, template, f"cannot be filled in ({reason})", remedy)
