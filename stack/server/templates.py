"""Refuses templates in the parameters of a run, which Prefect's server would expand unchecked.

A value ``{"__prefect_kind": ...}`` stands for another one: `jinja` is evaluated, `workspace_variable`
looked up. The result is no longer what was requested. `json`, a text that is read as JSON, is what
the run form of the UI sends; its content is checked.
"""

from __future__ import annotations

from stack.server.storable import parsed, refuse_unstorable, values
from tasks.errors import BadInputError

_KIND = "__prefect_kind"
MARKS = (_KIND.encode(),)
"""Substrings of the request bodies that have to be checked."""
_PLAIN = frozenset({"none", "json"})
_REMEDY = "Write the value itself: no parameter is filled in by Prefect."


def refuse_templates(document: object) -> None:
    """Refuse a template, and a JSON text that could not be stored.

    Raises:
        BadInputError: It names the path of the first such value.
    """
    for place, _, value in values(document):
        if not isinstance(value, dict) or _KIND not in value:
            continue
        kind = value[_KIND]
        if kind not in _PLAIN:
            raise BadInputError(place, kind, "is a template", _REMEDY)
        text = value.get("value")
        if kind == "json" and isinstance(text, str):
            _refuse_text(f"{place}.value".lstrip("."), text)


def _refuse_text(place: str, text: str) -> None:
    try:
        refuse_unstorable(parsed(text))
    except BadInputError as error:
        raise error.below(place) from error
    except ValueError:
        return  # the server itself refuses invalid JSON
