"""`make status`: whether the processes of the stack answer, and every live service in the ledger.

The process that answers reads is asked for it. Where that is away, everything is looked at here.
"""

from __future__ import annotations

import sys
import time

from pydantic import ValidationError

from stack.api import SlipwayApi
from stack.channel import NoAnswerError, ask
from stack.overview import Overview, Process, Service, look, nothing_known
from stack.readiness import answering
from tasks.observe.status import NOT_LAUNCHED
from tasks.observe.text_table import Row, text_table
from tasks.quantities import age
from tasks.settings import Settings, settings

ASKED_SECONDS = 15.0


def overview(config: Settings, now: float) -> Overview:
    """Return what runs now."""
    try:
        seen = ask(config.root, "/status?max_age_seconds=0", ASKED_SECONDS)
        return Overview.model_validate(seen)
    except (NoAnswerError, ValidationError):
        return look(config, now, None, nothing_known)


def text(seen: Overview) -> str:
    """Return what runs, as text."""
    rows = [_process_row(each) for each in seen.processes]
    parts = [text_table(("process", "state", "pid", "uptime"), rows)]
    parts += [each.reason for each in seen.processes]
    parts += [*seen.remarks, seen.public_ports]
    parts += [f"UI  {seen.ui}" if seen.ui else "Start it with: make up"]
    parts += [services(seen), seen.retention]
    return "\n\n".join(filter(None, parts))


def _process_row(process: Process) -> Row:
    uptime = process.uptime_seconds
    pid = "" if process.pid is None else str(process.pid)
    return (process.name, process.state, pid, "" if uptime is None else age(uptime))


def services(seen: Overview) -> str:
    """Return the table of live services."""
    where = ("project", "environment", "service")
    header = (*where, "state", "public port", "own port", "release", "uptime")
    rows = [service_row(each) for each in seen.services if each.state != NOT_LAUNCHED]
    return text_table(header, rows) if rows else "No services."


def service_row(service: Service) -> Row:
    """Return the row of a service: where it belongs, its state, ports, release and uptime."""
    return (
        service.project,
        service.environment,
        f"{service.service}.{service.replica}",
        service.state,
        service.url.rpartition(":")[2],
        str(service.port or ""),
        f"{service.version} ({service.release[:12]})",
        "" if service.uptime_seconds is None else age(service.uptime_seconds),
    )


def all_answer(config: Settings) -> bool:
    """Tell whether each process of the stack answers now."""
    with SlipwayApi.of(config, patience_seconds=0) as api:
        return api.healthy() and all(answering(config, api).values())


def main() -> int:
    """Print what runs; with `--check` say nothing and return 0 only when every process answers."""
    if "--check" in sys.argv[1:]:
        return 0 if all_answer(settings()) else 1
    sys.stdout.write(text(overview(settings(), time.time())) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
