"""The confidence interval of a counted share: the score interval of Wilson (1927)."""

from __future__ import annotations

import math

from analytics.reports.data.model import Range

# 95 percent of a normal distribution lie within so many standard deviations.
_Z = 1.959964


def wilson(count: int, total: int) -> Range | None:
    """Return the share ``count / total`` with its 95 % interval; None if there was nothing."""
    if total <= 0:
        return None
    share, square = count / total, _Z * _Z / total
    middle = (share + square / 2) / (1 + square)
    spread = _Z / (1 + square) * math.sqrt(share * (1 - share) / total + square / (4 * total))
    # Rounding must not put the share outside of its own interval.
    low, high = min(share, max(0.0, middle - spread)), max(share, min(1.0, middle + spread))
    return Range(share, low, high)
