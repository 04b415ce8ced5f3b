"""Which schedules by cron or interval Prefect's server can give times of.

It stores what never occurs, and fails at each attempt to plan it, from then on, as it does over a
time that no calendar has. Recurrence rules have a look of their own (``recurrence``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

from prefect.server.schemas.schedules import CronSchedule, IntervalSchedule
from pydantic import ValidationError

from flows.stack.storable import values
from tasks.errors import BadInputError

LONGEST_INTERVAL = timedelta(days=3653)
FURTHEST_YEARS = 100
"""How far away from today an interval may be anchored."""
LONGEST_CRON = 1000
"""Characters; the longest that anybody writes lists sixty minutes."""

_MARK = b'schedule"'
_PLACE = re.compile(r"(?:(?:schedules\.)?\d+\.)?schedule")
"""Where a request of the API has a schedule: alone, in a list, or in a deployment's list."""

Json = dict[str, Any]


def may_hold_schedule(body: bytes) -> bool:
    """Tell whether ``body`` has to be looked into; an escaped letter may hide the key."""
    return _MARK in body or b"\\u" in body


def refuse_timeless(document: object) -> None:
    """Refuse a schedule that never occurs, or hardly ever.

    Raises:
        BadInputError: It names the first by its place.
    """
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
    """Yield the times of a schedule, as long as there are any in the calendar."""
    try:
        yield from times
    except (ValueError, OverflowError):
        return


def _refuse_cron(schedule: Json) -> None:
    cron = schedule["cron"]
    if isinstance(cron, str) and len(cron) > LONGEST_CRON:
        problem = f"has more than {LONGEST_CRON} characters"
        raise BadInputError("cron", cron, problem, "Write ranges and steps, e.g. '*/5 * * * *'.")
    dates = CronSchedule.model_validate(schedule)._get_dates_generator(n=1)  # noqa: SLF001 - the others are asynchronous
    if next(times_that_end(dates), None) is None:
        problem = "never occurs, or not within the next 50 years"
        remedy = "Write a day that there is, e.g. '0 0 28 2 *'."
        raise BadInputError("cron", cron, problem, remedy)


def _refuse_interval(schedule: Json) -> None:
    interval = IntervalSchedule.model_validate(schedule)
    if interval.interval > LONGEST_INTERVAL:
        problem, remedy = "is longer than ten years", "Write the seconds between two runs."
        raise BadInputError("interval", schedule["interval"], problem, remedy)
    if abs(interval.anchor_date.year - datetime.now(UTC).year) > FURTHEST_YEARS:
        problem = f"is more than {FURTHEST_YEARS} years away"
        remedy = "Write one of the times at which it is to run, or leave it out."
        raise BadInputError("anchor_date", schedule["anchor_date"], problem, remedy)
