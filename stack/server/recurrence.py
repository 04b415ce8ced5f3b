"""Refuses recurrence rules (RRULE, RFC 5545) that Prefect's server cannot compute.

The server counts every occurrence from the rule's beginning, in the one thread that answers
requests: a rule of every second that began long ago, or one that never occurs, blocks it for ever,
and again after each restart.
"""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache

from stack.server.schedules import FAR, MAX_YEARS_AHEAD
from stack.server.storable import values
from tasks.errors import BadInputError

_KEY = "rrule"
MARKS = (_KEY.encode(),)
"""Substrings of the request bodies that have to be checked."""
_CPU_SECONDS = 2
_MAX_BYTES = 512 * 1024 * 1024
_NEVER = 3
_UNCOUNTABLE = 4
_FAR_AWAY = 5
_PROGRAM = f"""
import resource, sys
from datetime import UTC, datetime
from itertools import islice
from dateutil.rrule import rrulestr
resource.setrlimit(resource.RLIMIT_CPU, ({_CPU_SECONDS}, {_CPU_SECONDS}))
try:
    resource.setrlimit(resource.RLIMIT_AS, ({_MAX_BYTES}, {_MAX_BYTES}))
except (OSError, ValueError):
    pass  # macOS has no such limit
try:
    rrulestr(sys.argv[1])
except ValueError:
    sys.exit()
try:
    rule = rrulestr(sys.argv[1], dtstart=datetime(2020, 1, 1))
    now = datetime.now(UTC)
    try:
        rule.after(now)
    except TypeError:
        now = now.replace(tzinfo=None)
    following = list(islice(rule.xafter(now, inc=True), 100))
    if not following:
        sys.exit({_NEVER})
    if following[0].year > now.year + {MAX_YEARS_AHEAD}:
        sys.exit({_FAR_AWAY})
except ValueError:
    sys.exit({_UNCOUNTABLE})
"""
"""The server itself refuses what is not a rule, but accepts some rules that it cannot compute."""


def can_be_followed(rule: str) -> bool:
    """Tell whether the next occurrences of ``rule``, if any, are computed in time."""
    return _counted(rule) in {0, _NEVER, _FAR_AWAY}


@lru_cache(maxsize=1000)
def _counted(rule: str) -> int:
    """Compute the occurrences of ``rule`` in another process; return its exit code."""
    argv = [sys.executable, "-I", "-c", _PROGRAM, rule]
    quiet = subprocess.DEVNULL
    return subprocess.run(argv, stdin=quiet, stdout=quiet, stderr=quiet, check=False).returncode


def refuse_endless_rules(document: object) -> None:
    """Refuse a rule that cannot be computed, or has no further occurrence.

    Raises:
        BadInputError: It names the path of the first such value.
    """
    for place, _, rule in values(document):
        if place.rpartition(".")[2] != _KEY or not isinstance(rule, str):
            continue
        if _counted(rule) == _UNCOUNTABLE:
            problem = "gives no times: it matches none, or its UNTIL does not fit its beginning"
            remedy = (
                "Write hours below 24 and minutes below 60, and an UNTIL in UTC with a DTSTART."
            )
            raise BadInputError(place, rule, problem, remedy)
        if not can_be_followed(rule):
            problem = "has too many occurrences to count before its next one, or none"
            remedy = "Have it begin later (DTSTART), or write an interval or a cron instead."
            raise BadInputError(place, rule, problem, remedy)
        if _counted(rule) == _FAR_AWAY:
            problem, remedy = FAR
            raise BadInputError(place, rule, f"has a next time that {problem}", remedy)
        if _counted(rule) == _NEVER:
            remedy = "Write a later end (UNTIL, COUNT), or leave it out."
            raise BadInputError(place, rule, "never occurs any more", remedy)
