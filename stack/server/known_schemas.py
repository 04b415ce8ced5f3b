"""Makes Prefect's server check each JSON schema once, and say what a value has to look like.

It checks that of the work pool, and that of the deployment, at every request for a flow run, which
takes 25 ms. A schema that was valid stays so. Of a value that does not match a pattern, it would
name the pattern.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Iterator
from typing import Any, cast

from jsonschema.exceptions import ValidationError
from prefect.utilities.schema_tools import validation

from blocks.parameter import NO_LINE_AFTER, PATTERN_REMEDIES

KNOWN_SCHEMAS = 256
"""How many schemas are remembered: those of all deployments, and of a few work pools."""


def check_schemas_once() -> None:
    """Remember in this process which schemas were valid."""
    validator = cast("Any", validation)._VALIDATOR  # noqa: SLF001 - there is no other way in
    check = validator.check_schema
    known: OrderedDict[str, None] = OrderedDict()

    def check_once(schema: Any, *args: Any, **kwargs: Any) -> None:
        """Check a schema unless it is known."""
        try:
            text = json.dumps(schema, sort_keys=True)
        except (TypeError, ValueError, RecursionError):
            check(schema, *args, **kwargs)
            return
        if text not in known:
            check(schema, *args, **kwargs)
            known[text] = None
        known.move_to_end(text)
        if len(known) > KNOWN_SCHEMAS:
            known.popitem(last=False)

    validator.check_schema = check_once


def explain_patterns() -> None:
    """Have the refusal of a value that does not match a pattern of ours say what to write."""
    validator = cast("Any", validation)._VALIDATOR  # noqa: SLF001 - there is no other way in
    match = validator.VALIDATORS["pattern"]

    def match_or_explain(*checked: Any) -> Iterator[ValidationError]:
        """Say in each error what to write, instead of a pattern that few can read."""
        remedy = PATTERN_REMEDIES.get(checked[1].removesuffix(NO_LINE_AFTER), "").rstrip()
        for error in match(*checked) or ():
            if remedy:
                error.message = f"{checked[2]!r} is not valid. {remedy}"
            yield error

    validator.VALIDATORS["pattern"] = match_or_explain
