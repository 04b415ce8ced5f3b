"""The status table as people read it: the important columns first, figures with units; pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasks.ledger.insights import CLOSED_BY_THEIR_RAISER, RaisedInsight
from tasks.observe.status import NOT_LAUNCHED, StatusRow
from tasks.quantities import age


def table(rows: Sequence[StatusRow]) -> list[dict[str, str]]:
    """Return the cells of ``rows``; the last columns are those that a narrow screen may cut off."""
    return [
        {
            "project": row.project,
            "environment": row.environment,
            "service": row.service,
            "state": row.state,
            "health": row.health,
            "differs": ", ".join(row.differs),
            "release": f"{row.version} ({row.release[:7]})" if row.version else row.release[:7],
            "uptime": "" if row.uptime_seconds is None else age(row.uptime_seconds),
            "CPU": "" if row.cpu_percent is None else f"{row.cpu_percent:.0f} %",
            "memory": "" if row.memory_mib is None else f"{row.memory_mib:.0f} MiB",
            "port": str(row.port or ""),
            "restarts": str(row.restarts),
            "URL": row.url,
        }
        for row in rows
    ]


def summary(rows: Sequence[StatusRow]) -> str:
    """Return one sentence on what runs, with the names of what is not well."""
    if not rows:
        return "Nothing runs."
    ill = ", ".join(f"{_name(row)} ({_trouble(row)})" for row in rows if row.ill)
    changed = {f"{_name(row)} ({', '.join(row.differs)})": None for row in rows if row.differs}
    launched = sum(row.state != NOT_LAUNCHED for row in rows)
    count = f"{launched} instance{'' if launched == 1 else 's'}"
    verdict = f"{count}; not well: {ill}." if ill else f"{count}, all well."
    if not changed:
        return verdict
    return f"{verdict} Configured otherwise: {', '.join(changed)}; `launch` applies it."


def last_words(rows: Sequence[StatusRow]) -> str:
    """Return the last log lines of instances that are not well; empty if all are."""
    return "\n".join(
        "\n".join([f"Last lines of {_name(row)}:", *(row.last_lines or ["(it wrote nothing)"])])
        for row in rows
        if row.ill and row.state != NOT_LAUNCHED
    )


def _name(row: StatusRow) -> str:
    return f"{row.project}/{row.environment}/{row.service}"


def _trouble(row: StatusRow) -> str:
    if row.health in {"", "ok"}:
        return row.state
    return row.health if row.state == "running" else f"{row.state}: {row.health}"


def alerts(
    insights: Iterable[RaisedInsight], project: str | None, environment: str | None
) -> list[str]:
    """Return the open insights on backups and on data that is not kept, as sentences.

    ``insights`` are the open insights; ``project`` and ``environment`` narrow them, None: all.
    """
    sentences = []
    for row in insights:
        owner, _, place = row.key.partition("/")
        is_wanted = project in {None, owner} and environment in {None, place}
        if is_wanted and row.kind in CLOSED_BY_THEIR_RAISER:
            sentences.append(f"{row.key} ({row.kind}): {row.size}")
    return sentences
