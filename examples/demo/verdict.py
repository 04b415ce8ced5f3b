"""The verdicts of the demo: rows of the closing table that held or did not."""

from __future__ import annotations

from examples.demo.load import Tally
from examples.demo.service import Executions
from examples.demo.summary import Shipped
from examples.demo.table import Row


def ship_rows(shipped: Shipped) -> list[Row]:
    """Return the parts of a `ship`, indented below it."""
    return [Row(f"  {name}", seconds, outcome) for name, seconds, outcome in shipped.parts]


def load_rows(tally: Tally, before: Executions | None, after: Executions | None) -> list[Row]:
    """Return the outcome of the load; ``before`` and ``after`` are None where nobody counts."""
    sent = (
        f"{tally.requests} requests, {tally.written} of them writes, {tally.slow} slow ones; "
        f"longest of the quick ones {tally.longest_seconds:.2f} s"
    )
    rows = [
        Row("load", None, sent, ok=tally.written > 0 and tally.slow > 0),
        Row("  failed", None, _failed(tally), ok=tally.failed == 0),
    ]
    if before and after:
        rows.append(_twice(tally, before, after))
    return rows


def _failed(tally: Tally) -> str:
    return "; ".join([str(tally.failed), *tally.failures])


def _twice(tally: Tally, before: Executions, after: Executions) -> Row:
    """Compare what the service executed with what was acknowledged to us.

    A request that failed may have been executed or not, so it may make up for a difference.
    """
    distinct = after.distinct - before.distinct
    twice = after.requests - before.requests - distinct
    lost = max(0, tally.written - distinct)
    surplus = max(0, distinct - tally.written - tally.failed)
    said = f"{twice} (of {distinct} executed, {tally.written} acknowledged)"
    return Row("  executed twice", None, said, ok=not (twice or lost or surplus))
