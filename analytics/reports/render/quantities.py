"""Numbers as text, with their unit and without a line break before it."""

from __future__ import annotations

from datetime import UTC, datetime

from analytics.reports.data.model import Cell, Column, Figure, Range, Unit

UNKNOWN = "\N{EN DASH}"
_GAP = "\N{NO-BREAK SPACE}"
_MINUS = "\N{MINUS SIGN}"
_SAME = "\N{PLUS-MINUS SIGN}"
_PERCENT = f"{_GAP}%"
_MINUTE_SECONDS = 60.0
_HOUR_SECONDS = 3600.0
_DAY_SECONDS = 86_400.0
_GIB_IN_MIB = 1024.0
_SMALL = 0.1
_TEN = 10.0


def written(value: Cell, unit: Unit) -> str:
    """Return a cell as text; an unknown value is a dash."""
    if value is None:
        return UNKNOWN
    if isinstance(value, str):
        return value
    if isinstance(value, Range):
        own_unit = value.unit or unit
        # The unit of a percentage is written once only.
        low = written(value.low, own_unit).removesuffix(_PERCENT)
        high = written(value.high, own_unit).removesuffix(_PERCENT)
        return f"{written(value.value, own_unit)} ({low}{_GAP}to{_GAP}{high})"
    return _WRITERS[unit](float(value))


def change(figure: Figure) -> str:
    """Return how a figure has changed; empty where there is nothing to compare with."""
    if figure.value is None or figure.before is None:
        return ""
    if figure.unit == "share":
        return f"{_points(figure.value - figure.before)} from {written(figure.before, 'share')}"
    before = written(figure.before, figure.unit)
    if not figure.before:
        return f"from {before}" if figure.value else "as before"
    if figure.before < 0:
        return f"from {before}"
    return f"{_grown(figure.value / figure.before - 1)} from {before}"


def is_better(figure: Figure) -> bool | None:
    """Return whether a figure has improved; None where it has not changed or has no direction."""
    if figure.value is None or figure.before is None or figure.better == "neither":
        return None
    # A change that rounds to zero is none.
    if figure.value == figure.before or change(figure).startswith(_SAME):
        return None
    return (figure.value > figure.before) == (figure.better == "more")


def heading(column: Column) -> str:
    """Return the heading of a column in a file without formats: its name, and the unit."""
    units = {"s": "s", "MiB": "MiB", "share": "of 1", "change": "of 1", "moment": "UTC"}
    unit = units.get(column.unit, "")
    return f"{column.name} ({unit})" if unit else column.name


def duration(seconds: float) -> str:
    """Return a duration in one or two units, e.g. ``3 h 20 min``."""
    sign, size = (_MINUS if seconds < 0 else ""), abs(seconds)
    whole, minutes, hours = round(size), round(size / _MINUTE_SECONDS), round(size / _HOUR_SECONDS)
    if whole < _MINUTE_SECONDS:
        digits = 0 if not size or size >= _TEN else 1 if size >= 1 else 2
        return f"{sign}{size:.{digits}f}{_GAP}s"
    if minutes < _TEN:
        return sign + _two(*divmod(whole, 60), "min", "s")
    if minutes < 2 * _DAY_SECONDS / _MINUTE_SECONDS:
        return sign + _two(*divmod(minutes, 60), "h", "min")
    return sign + _two(*divmod(hours, 24), "d", "h")


def _two(great: int, small: int, unit: str, part: str) -> str:
    """Return an amount in two units, without those that are zero."""
    parts = [f"{great}{_GAP}{unit}"] * bool(great) + [f"{small}{_GAP}{part}"] * bool(small)
    return _GAP.join(parts)


def _share(value: float) -> str:
    percent = 100 * value
    return f"{percent:.{0 if percent in {0.0, 100.0} else 1}f}{_GAP}%"


def _grown(value: float) -> str:
    return _signed(100 * value, 0) + f"{_GAP}%"


def _points(value: float) -> str:
    return _signed(100 * value, 1) + f"{_GAP}points"


def _signed(value: float, digits: int) -> str:
    rounded = round(value, digits)
    sign = "+" if rounded > 0 else _MINUS if rounded < 0 else _SAME
    return f"{sign}{abs(rounded):,.{digits}f}"


def _memory(value: float) -> str:
    if 0 < abs(value) < 1:
        return f"{value * 1024:,.0f}{_GAP}KiB"
    if abs(value) >= _GIB_IN_MIB:
        return f"{value / _GIB_IN_MIB:,.1f}{_GAP}GiB"
    return f"{value:,.0f}{_GAP}MiB"


def _money(value: float) -> str:
    return f"{value:,.{4 if 0 < abs(value) < _SMALL else 2}f}"


def _number(value: float) -> str:
    return f"{value:,.0f}" if value == round(value) else f"{value:,.1f}"


def _ratio(value: float) -> str:
    return f"{value:.2f}{_GAP}×"  # noqa: RUF001 - the sign of multiplication is meant


def _moment(value: float) -> str:
    return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%d %H:%M}".replace(" ", _GAP)


_WRITERS = {
    "": _number,
    "count": _number,
    "s": duration,
    "share": _share,
    "change": _grown,
    "points": _points,
    "ratio": _ratio,
    "money": _money,
    "MiB": _memory,
    "moment": _moment,
}
