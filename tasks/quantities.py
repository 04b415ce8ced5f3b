"""Formats durations, sizes and times for people, for the whole of Slipway; pure."""

from __future__ import annotations

from datetime import UTC, datetime

MINUTE_SECONDS = 60
HOUR_SECONDS = 3600
DAY_SECONDS = 86_400
MIB_BYTES = 1 << 20

_KIB_BYTES = 1024
_WHOLE_FROM_SECONDS = 100


def count_of(number: int, noun: str) -> str:
    """Return a number with what it counts, e.g. ``1 file`` or ``3 files``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Return how long something takes, e.g. ``3.5 s``, ``240 s`` or ``1.2 h``."""
    if seconds < _WHOLE_FROM_SECONDS:  # a decimal says nothing beyond this
        return f"{seconds:.1f} s"
    if seconds < HOUR_SECONDS:
        return f"{seconds:.0f} s"
    return f"{seconds / HOUR_SECONDS:.1f} h"


def age(seconds: float) -> str:
    """Return how long ago something began, in whole units, e.g. ``3 h 20 min``."""
    whole = max(0, int(seconds))
    if whole < MINUTE_SECONDS:
        return f"{whole} s"
    if whole < HOUR_SECONDS:
        return f"{whole // MINUTE_SECONDS} min"
    if whole < DAY_SECONDS:
        return f"{whole // HOUR_SECONDS} h {whole % HOUR_SECONDS // MINUTE_SECONDS} min"
    return f"{whole // DAY_SECONDS} d {whole % DAY_SECONDS // HOUR_SECONDS} h"


def size(amount_bytes: float) -> str:
    """Return an amount of bytes in the unit that reads best."""
    amount = amount_bytes
    for unit in ("B", "KiB", "MiB", "GiB"):
        if amount < _KIB_BYTES:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIB_BYTES
    return f"{amount:.1f} TiB"


def moment(epoch_seconds: float) -> str:
    """Return a moment in UTC, e.g. ``2026-05-01 09:30:00 UTC``."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
