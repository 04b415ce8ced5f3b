"""Quiet hours: the part of each day in which a notification sends nothing; free of Prefect."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

EXAMPLE = "22:00-07:00 Europe/Berlin"
_FORM = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d) (\S+)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``start`` on and before ``end``, by the clocks of ``zone``; over midnight, too."""

    start: time
    end: time
    zone: ZoneInfo

    def cover(self, moment: datetime) -> bool:
        """Tell whether ``moment``, which knows its zone, lies in them."""
        clock = moment.astimezone(self.zone).time()
        if self.start < self.end:
            return self.start <= clock < self.end
        return clock >= self.start or clock < self.end


def quiet_hours_of(text: str) -> QuietHours | None:
    """Return the quiet hours that ``text`` names; None for an empty one.

    Raises:
        ValueError: It has another form, names no time zone, or is not a part of a day.
    """
    if not text:
        return None
    if (match := _FORM.fullmatch(text)) is None:
        problem = f"has another form than {EXAMPLE!r}"
        raise ValueError(problem)
    hours = [int(part) for part in match.groups()[:4]]
    start, end = time(hours[0], hours[1]), time(hours[2], hours[3])
    if start == end:
        problem = "begins and ends at the same time; leave it out, or switch the automation off"
        raise ValueError(problem)
    return QuietHours(start, end, _zone(match[5]))


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        problem = f"names no time zone: {name!r}; write one as in {EXAMPLE!r}, or UTC"
        raise ValueError(problem) from error


def checked_quiet_hours(text: str) -> str:
    """Return ``text`` as it is if it names quiet hours, or is empty."""
    quiet_hours_of(text)
    return text
