"""Makes a sync flow end as soon as it has ended.

Prefect waits for the thread that says now and then that the flow is alive, and the thread sleeps in
whole seconds. It is a daemon, and ends with the process.
"""

from __future__ import annotations

from functools import partial
from typing import Any, cast

from prefect import flow_engine


def end_promptly() -> None:
    """Have no flow of this process wait for that thread, as no async flow does."""
    engine = cast("Any", flow_engine)
    engine._send_heartbeats = partial(engine._send_heartbeats, join_on_exit=False)  # noqa: SLF001
