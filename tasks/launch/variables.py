"""Variables of an environment: inherited, and filled in.

Templates are Jinja2's immutable sandbox: they can read the values they are given, nothing else.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from jinja2 import StrictUndefined, TemplateError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from blocks.project_spec import EnvironmentSpec
from tasks.errors import BadInputError, NotFoundError

_JINJA = ImmutableSandboxedEnvironment(
    undefined=StrictUndefined,
    autoescape=False,
    keep_trailing_newline=True,
    # `{#` is the shell's, as in ${#list[@]}: comments would be of no use here.
    comment_start_string="{#slipway-comment",
    comment_end_string="slipway-comment#}",
)
_OPENING = re.compile(r"\{[{%]")
_ESCAPE = "For {{ itself write {{ '{{' }}"


def resolve(name: str, environments: Mapping[str, EnvironmentSpec]) -> EnvironmentSpec:
    """Return environment ``name`` with what it inherits; its own values win.

    Raises:
        NotFoundError: It, or one it inherits, does not exist.
        BadInputError: They inherit one another in a circle, which is named.
    """
    chain: list[str] = []
    field, wanted = "environment", name
    while wanted:
        if wanted in chain:
            circle = " -> ".join([*chain[chain.index(wanted) :], wanted])
            raise BadInputError(field, wanted, f"inherits itself: {circle}", "Break the circle.")
        if wanted not in environments:
            raise NotFoundError(field, wanted, list(environments), "Configure it, or correct it.")
        chain.append(wanted)
        field, wanted = f"environments.{wanted}.inherits", environments[wanted].inherits
    merged = EnvironmentSpec()
    for ancestor in reversed(chain):
        one = environments[ancestor]
        merged = EnvironmentSpec(
            variables=merged.variables | one.variables, secrets=merged.secrets | one.secrets
        )
    return merged


def literal(text: str) -> str:
    """Return the template that is filled in as ``text``, whatever stands in it."""
    return _OPENING.sub(lambda match: f"{{{{ '{match[0]}' }}}}", text)


def render(field: str, template: str, values: Mapping[str, object]) -> str:
    """Fill ``values`` into ``template``.

    Raises:
        BadInputError: It names a value that does not exist, or is no template.
    """
    try:
        return _JINJA.from_string(template).render(values)
    except TemplateError as error:
        known = ", ".join(sorted(values))
        raise BadInputError(
            field, template, f"cannot be filled in ({error})", f"It may use: {known}. {_ESCAPE}."
        ) from error
