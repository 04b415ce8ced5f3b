"""Refuses points in time that leave the calendar when they are converted to UTC for storage.

A time on the first or the last day of the calendar, with an offset, lies before year 1 or after
year 9999 in UTC.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from urllib.parse import parse_qsl

from pydantic import TypeAdapter, ValidationError

from stack.server.storable import values
from tasks.errors import BadInputError

_YEARS = ("0001-", "9999-")
"""Prefixes of the times that can leave the calendar, since an offset is less than a day."""
MARKS = (b"0001-", b"9999-")
"""Substrings of the requests that have to be checked."""
_POINT = TypeAdapter(datetime)


def refuse_edges_in_query(query: bytes) -> None:
    """Refuse such a point in the query of an address.

    Raises:
        BadInputError: It names the first such parameter.
    """
    if any(mark in query for mark in MARKS):
        refuse_edges(dict(parse_qsl(query.decode("latin-1"))))


def refuse_edges(document: object) -> None:
    """Refuse a point in time that is out of the calendar in UTC.

    Raises:
        BadInputError: It names the path of the first such value.
    """
    for place, _, value in values(document):
        at_edge = isinstance(value, str) and value.startswith(_YEARS)
        if at_edge and _is_out_of_calendar(value):
            problem = "is before year 1 or after year 9999 in UTC"
            raise BadInputError(place, value, problem, "Write a later or an earlier one.")


def _is_out_of_calendar(text: object) -> bool:
    try:
        point = _POINT.validate_python(text)
        point.replace(tzinfo=None) - (point.utcoffset() or timedelta())
    except OverflowError:
        return True
    except ValidationError:
        return False
    return False
