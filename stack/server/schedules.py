"""Refuses schedules by cron or interval whose times Prefect's server cannot compute.

The server stores a schedule that never occurs, or whose times leave the calendar, and then fails at
each attempt to plan it. Recurrence rules have a check of their own (``recurrence``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule
from pydantic import TypeAdapter, ValidationError

from stack.server.storable import values
from tasks.errors import BadInputError

MAX_INTERVAL = timedelta(days=3653)
MIN_INTERVAL = timedelta(seconds=10)
"""More runs than that would wait than could start."""
_MAX_FIELDS = 5
"""Fields of a cron: a sixth one would be of seconds."""
MAX_YEARS_AHEAD = 100
"""Years from today within which an interval may be anchored, or runs may be planned."""
MAX_CRON_LENGTH = 1000
"""Characters; the longest that anybody writes lists sixty minutes."""

FAR = (f"is more than {MAX_YEARS_AHEAD} years away", "Write a time of this century.")
_MOMENT = TypeAdapter(datetime)
_cron_dates = CronSchedule._get_dates_generator  # noqa: SLF001 - the others are asynchronous
"""Prefect's original function; in the server, ours replaces it and ends instead of failing."""
MARKS = (b'schedule"', b'_time"')
"""Substrings of the request bodies that have to be checked."""
_PLACE = re.compile(r"(?:(?:schedules\.)?\d+\.)?schedule")
"""Where a request of the API has a schedule: alone, in a list, or in a deployment's list."""

Json = dict[str, Any]


def refuse_uncomputable(document: object) -> None:
    """Refuse a schedule that never or hardly ever occurs, and planning its runs far from today.

    Raises:
        BadInputError: It names the path of the first such value.
    """
    _refuse_far_span(document)
    for place, _, schedule in values(document):
        if not isinstance(schedule, dict) or not _PLACE.fullmatch(place):
            continue
        try:
            if "cron" in schedule:
                _refuse_cron(schedule)
            elif "interval" in schedule:
                _refuse_interval(schedule)
        except BadInputError as error:
            raise error.below(place) from error
        except ValidationError:
            continue  # the server says what is wrong with it


def times_that_end(times: Iterator[Any]) -> Iterator[Any]:
    """Yield the times of a schedule until one leaves the calendar or cannot be computed."""
    with suppress(ValueError, OverflowError, LookupError):
        yield from times


def _refuse_cron(schedule: Json) -> None:
    cron = schedule["cron"]
    if isinstance(cron, str) and len(cron) > MAX_CRON_LENGTH:
        problem = f"has more than {MAX_CRON_LENGTH} characters"
        raise BadInputError("cron", cron, problem, "Write ranges and steps, e.g. '*/5 * * * *'.")
    if isinstance(cron, str) and len(cron.split()) > _MAX_FIELDS:
        problem = "has more than five fields: it would run every second"
        raise BadInputError("cron", cron, problem, "Write five, e.g. '*/5 * * * *'.")
    dates = _cron_dates(CronSchedule.model_validate(schedule), n=1)
    try:
        first = next(dates, None)
    except (ValueError, OverflowError):
        first = None
    if first is None:
        problem = "never occurs, or not within the next 50 years"
        remedy = "Write a day that there is, e.g. '0 0 28 2 *'."
        raise BadInputError("cron", cron, problem, remedy)


def _refuse_interval(schedule: Json) -> None:
    interval = IntervalSchedule.model_validate(schedule)
    if interval.interval < MIN_INTERVAL:
        problem = f"is shorter than {MIN_INTERVAL.total_seconds():g} s"
        remedy = "Write the seconds between two runs; a run takes seconds to start."
        raise BadInputError("interval", schedule["interval"], problem, remedy)
    if interval.interval > MAX_INTERVAL:
        problem, remedy = "is longer than ten years", "Write the seconds between two runs."
        raise BadInputError("interval", schedule["interval"], problem, remedy)
    if _is_far(interval.anchor_date):
        problem, remedy = FAR
        raise BadInputError("anchor_date", schedule["anchor_date"], problem, remedy)


def _refuse_far_span(document: object) -> None:
    if not isinstance(document, dict):
        return
    for field in ("start_time", "end_time"):
        if field in document and _is_far(document[field]):
            problem, remedy = FAR
            raise BadInputError(field, document[field], problem, remedy)
    longest, seconds = timedelta(days=366 * MAX_YEARS_AHEAD), document.get("min_time")
    if isinstance(seconds, int | float) and abs(seconds) > longest.total_seconds():
        problem = f"is more than {MAX_YEARS_AHEAD} years"
        raise BadInputError("min_time", seconds, problem, "Write fewer seconds.")


def _is_far(moment: object) -> bool:
    try:
        year = _MOMENT.validate_python(moment).year
    except ValidationError:
        return False  # the server says what is wrong with it
    return abs(year - datetime.now(UTC).year) > MAX_YEARS_AHEAD
