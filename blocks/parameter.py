"""Bounded types for the parameters of operations and the fields of blocks; free of Prefect.

The bounds are part of the JSON schema, so that Prefect's API refuses values beyond them before it
starts a process. A bound lies where a value stops making sense, not where it gets rare.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated

from pydantic import AllowInfNan, BeforeValidator, Field
from pydantic.fields import FieldInfo
from pydantic_core import PydanticKnownError

from blocks.argument import MAX_BYTES

MAX_ITEMS = 100_000
"""Limit of a list that a user writes, e.g. the steps of a workload."""
MAX_NAMES = 1000
"""Limit of a list or a mapping of names, e.g. variables."""
MAX_PATH_LENGTH = 4096
"""Characters; Linux takes no longer path."""
MAX_TEXT_LENGTH = 10_000
"""Characters of an expression, or of the key of a test."""
MAX_SECONDS = 1e9
"""Thirty years."""
MAX_COST = 1e12
MAX_SAFE_INTEGER = 2**53
"""Beyond it, JavaScript and JSON no longer distinguish whole numbers."""

_BLOCK_NAME = r"^[a-z0-9-]*$"
_ENTRY = r"^(tag:[a-z0-9-]*|[a-z0-9*?-]*)$"
_STEP_NAME = r"^[a-z0-9][a-z0-9._-]{0,62}$"
_SNAPSHOT_ID = r"^(latest|[0-9a-f]{1,64})$"
_NO_CONTROLS = r"^([^\x00-\x20\x7f][^\x00-\x1f\x7f]*)?$"
"""An empty text, or one that does not begin with a blank."""
_NO_BLANKS = r"^[^\x00-\x20\x7f]*$"
_INSIDE = r"^(?![/~])(?!(.*/)?\.\.(/|$))[^\x00-\x20\x7f][^\x00-\x1f\x7f]*$"
PATTERN_REMEDIES = {
    _BLOCK_NAME: "Use only lower-case letters, digits and dashes. ",
    _ENTRY: "Write a name, a glob such as web-*, or a tag such as tag:team-a. ",
    _STEP_NAME: "Begin with a lower-case letter or a digit; dots, dashes and `_` may follow. ",
    _SNAPSHOT_ID: "Write latest, or an id of digits and the letters a to f. ",
    _NO_CONTROLS: "Begin with no blank, and use no control characters. ",
    _NO_BLANKS: "Use no blanks and no control characters. ",
    _INSIDE: "Write it relative to the root of the source, without `..`. ",
}
"""What to write instead of a text that does not match."""
NO_LINE_AFTER = r"(?!\n)"
"""Needed as Python's `$` also matches before a final line end."""


def bounded_text(pattern: str, most: int, least: int = 1) -> FieldInfo:
    """Return the bounds of a text; ``pattern`` holds for pydantic, browsers and Prefect alike."""
    info: FieldInfo = Field(
        min_length=least,
        max_length=most,
        pattern=pattern,
        json_schema_extra={"pattern": pattern + NO_LINE_AFTER},
    )
    return info


def _no_boolean(value: object) -> object:
    """Return ``value``, except true and false, which pydantic would take for 1 and 0."""
    if isinstance(value, bool):
        raise PydanticKnownError("float_type")
    return value


NO_BOOLEAN = BeforeValidator(_no_boolean)
"""Comes after the bounds of a number, which would not be in the JSON schema otherwise."""
Whole = Annotated[int, NO_BOOLEAN]
Decimal = Annotated[float, AllowInfNan(allow_inf_nan=False), NO_BOOLEAN]
"""Numbers without bounds, or with those of their field."""

Name = Annotated[str, bounded_text(_BLOCK_NAME, 100)]
"""The name of a block: a project, an environment, a provider."""

NameOrAll = Annotated[str, bounded_text(_BLOCK_NAME, 100, least=0)]
"""The name of a block; empty: all of them."""

Names = Annotated[list[Name], Field(max_length=MAX_NAMES)]

ProjectEntry = Annotated[str, bounded_text(_ENTRY, 104)]
"""The name of a project, a glob such as `web-*`, or a tag such as `tag:team-a`."""

INSTEAD_OF = "insteadOf"
"""In the schema of a parameter: the name of the one that is given otherwise."""
NEEDED = "oneIsNeeded"
"""In the same place: whether one of the two must be given."""
_Entries = Annotated[list[ProjectEntry], Field(max_length=MAX_NAMES)]
Projects = Annotated[
    _Entries | None, Field(json_schema_extra={INSTEAD_OF: "project", NEEDED: True})
]
"""Several projects instead of one."""
ProjectsOrAll = Annotated[
    _Entries | None, Field(json_schema_extra={INSTEAD_OF: "project", NEEDED: False})
]
"""Several projects instead of one, or of all."""

StepName = Annotated[str, bounded_text(_STEP_NAME, 63)]

WorkloadName = Annotated[str, bounded_text(_NO_CONTROLS, 100)]
WorkloadNameOrAll = Annotated[str, bounded_text(_NO_CONTROLS, 100, least=0)]

Version = Annotated[str, bounded_text(_NO_BLANKS, 250, least=0)]
"""A branch, a tag, a commit; empty: the project's own."""

FilePath = Annotated[str, bounded_text(_NO_CONTROLS, MAX_PATH_LENGTH)]
InnerGlob = Annotated[
    str,
    Field(
        min_length=1,
        max_length=MAX_PATH_LENGTH,
        pattern=_NO_CONTROLS,
        json_schema_extra={"pattern": _INSIDE + NO_LINE_AFTER},
    ),
]
"""A pattern of files below a folder; only the JSON schema refuses one that leads out of it."""
SnapshotId = Annotated[str, bounded_text(_SNAPSHOT_ID, 64)]
PlanId = Annotated[str, bounded_text(_NO_BLANKS, 100, least=0)]
HistoryKey = Annotated[str, bounded_text(_NO_CONTROLS, MAX_TEXT_LENGTH, least=0)]
ShortText = Annotated[str, Field(max_length=MAX_PATH_LENGTH)]
Expression = Annotated[str, Field(max_length=MAX_TEXT_LENGTH)]

CommandText = Annotated[str, Field(json_schema_extra={"maxLength": MAX_BYTES})]
"""One argument of a process; Linux limits its bytes, which the schema cannot express."""

_YEAR = r"(19[7-9]\d|20\d\d)"
_LEAP_YEAR = r"(19(7[26]|8[048]|9[26])|20([02468][048]|[13579][26]))"
_DAY_OF_ANY_YEAR = r"((0[13578]|1[02])-(0[1-9]|[12]\d|3[01])|(0[469]|11)-(0[1-9]|[12]\d|30)|02-(0[1-9]|1\d|2[0-8]))"
_DAY = rf"^({_YEAR}-{_DAY_OF_ANY_YEAR}|{_LEAP_YEAR}-02-29)$"

Day = Annotated[date, Field(json_schema_extra={"pattern": _DAY + NO_LINE_AFTER})]
"""A day from 1970 to 2099."""

Seconds = Annotated[float, Field(ge=0, le=MAX_SECONDS), NO_BOOLEAN]
SomeSeconds = Annotated[float, Field(gt=0, le=MAX_SECONDS), NO_BOOLEAN]
Money = Annotated[float, Field(ge=0, le=MAX_COST), NO_BOOLEAN]
SomeMoney = Annotated[float, Field(gt=0, le=MAX_COST), NO_BOOLEAN]
