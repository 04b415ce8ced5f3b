"""Redacts the secrets that a flow run knows from its logs and its states.

The parts of Slipway redact what they quote themselves; this also covers stack traces, and errors of
libraries. Each flow run is a process of its own with its own secrets.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Iterable
from typing import Final

from blocks.redaction import redact

LOGGERS = ("", "prefect", "prefect.flow_runs", "prefect.task_runs", "prefect.extra")
_KNOWN: Final[set[str]] = set()


class RedactionFilter(logging.Filter):
    """Redacts every record, its stack trace as well, before a handler sends it anywhere."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact ``record``, and let it pass."""
        record.msg, record.args = redacted(record.getMessage()), None
        if record.exc_info and record.exc_info[0]:
            record.exc_text = "".join(traceback.format_exception(*record.exc_info)).rstrip()
            record.exc_info = None
        if record.exc_text:
            record.exc_text = redacted(record.exc_text)
        return True


def keep_secret(values: Iterable[str]) -> None:
    """Redact ``values`` from now on, in logs and in states."""
    _KNOWN.update(values)
    for name in LOGGERS:
        for handler in logging.getLogger(name).handlers:
            if not any(isinstance(each, RedactionFilter) for each in handler.filters):
                handler.addFilter(RedactionFilter())


def redacted(text: str) -> str:
    """Return ``text`` without any secret that this flow run knows."""
    return redact(text, _KNOWN)
