"""Estimates from history: the keys by which they are asked for, and their texts; pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import UTC, datetime

from tasks.errors import BadInputError, NotFoundError
from tasks.ledger.expectations import Expectation

ROWS_SHOWN = 500
_LONG_SECONDS = 10.0
_REMEDY = "Run it once, or name what has run before."
_OF_FLOWS = "flow/"
_TRAIN = "Run it once, then `train`, which learns how long flows take."

Cell = str | float | None


def asked_key(key: str, project: str, workload: str) -> str:
    """Return the key under which history has what was asked for.

    Raises:
        BadInputError: Nothing was named, the same thing twice, or a workload of no project.
    """
    if key and (project or workload):
        remedy = "Leave project and workload empty, or the key."
        raise BadInputError("key", key, "is given together with a project or workload", remedy)
    if workload and not project:
        raise BadInputError("workload", workload, "needs a project", "Name its project as well.")
    if not (key or project):
        remedy = "Write the name of a project, or a key such as 'shop/tests/build'."
        raise BadInputError("key", key, "names nothing", remedy)
    return key or "/".join(filter(None, (project, workload)))


def nothing_expected(
    key: str, project: str, workload: str, keys: Sequence[str], configured: Collection[str] = ()
) -> BadInputError:
    """Return the error for a request without an estimate.

    Args:
        key: The key that was asked for, or empty.
        project: The project that was asked for, or empty.
        workload: A workload of it, or empty.
        keys: What history has.
        configured: The names of the projects that are configured.
    """
    key_path = asked_key(key, project, workload)
    field, value = ("workload", workload) if workload else ("project", project)
    if any(known_key == key_path or known_key.startswith(f"{key_path}/") for known_key in keys):
        remedy = "Let it succeed once: a failed run does not tell how long it takes."
        return BadInputError("key" if key else field, key or value, "has never succeeded", remedy)
    if key:
        learned = any(known_key.startswith(_OF_FLOWS) for known_key in keys)
        remedy = _TRAIN if key.startswith(_OF_FLOWS) and not learned else _REMEDY
        return NotFoundError("key", key, beside(key, keys), remedy)
    projects = {known_key.partition("/")[0] for known_key in keys}
    if project in configured and project not in projects:
        return BadInputError("project", project, "has no history yet", "Run one of its workloads.")
    if project not in projects:
        return NotFoundError("project", project, sorted(projects), _REMEDY)
    workloads = [known_key.partition("/")[2] for known_key in beside(key_path, keys)]
    return NotFoundError("workload", workload, workloads, _REMEDY)


def beside(key: str, keys: Sequence[str]) -> list[str]:
    """Return the keys beside ``key``: those in the deepest folder on its path that history has."""
    parts = key.split("/")
    for depth in reversed(range(len(parts))):
        folder = "".join(f"{part}/" for part in parts[:depth])
        within = {
            "/".join(known_key.split("/")[: depth + 1])
            for known_key in keys
            if known_key.startswith(folder)
        }
        if within:
            return sorted(within)
    return []


def table(expectations: Sequence[Expectation]) -> list[dict[str, Cell]]:
    """Return the cells of ``expectations``, the longest first; no more than a page can show."""
    return [
        {
            "key": expectation.estimate.key,
            "on": expectation.provider_kind,
            "p50 (s)": _rounded(expectation.estimate.p50_seconds),
            "p80 (s)": _rounded(expectation.estimate.p80_seconds),
            "p90 (s)": _rounded(expectation.estimate.p90_seconds),
            "p95 (s)": _rounded(expectation.estimate.p95_seconds),
            "memory (MiB)": _rounded(expectation.estimate.memory_mib or None),
            "succeeds (%)": round(expectation.estimate.success * 100, 1),
            "runs": expectation.estimate.n,
            "source": expectation.estimate.source,
            "rule": expectation.estimate.rule,
            "why it fails": expectation.estimate.why,
            "published (UTC)": _moment(expectation.published_at),
        }
        for expectation in longest_first(expectations)[:ROWS_SHOWN]
    ]


def summary(key: str, expectations: Sequence[Expectation]) -> str:
    """Return one sentence on what is expected; of several keys, their number and the longest."""
    longest = longest_first(expectations)[0]
    if len(expectations) == 1:
        return _sentence(longest)
    limited = (
        f", of which the longest {ROWS_SHOWN} are shown" if len(expectations) > ROWS_SHOWN else ""
    )
    return f"{len(expectations)} estimates of {key}{limited}; the longest: {_sentence(longest)}"


def _sentence(expectation: Expectation) -> str:
    estimate = expectation.estimate
    runs = "run" if estimate.n == 1 else "runs"
    published = _moment(expectation.published_at)
    remark = f", published {published} UTC" if published else ""
    return (
        f"{estimate.key} on {expectation.provider_kind} takes {_seconds(estimate.p50_seconds)}, "
        f"one time in ten more than {_seconds(estimate.p90_seconds)}, "
        f"and succeeds {estimate.success:.0%} "
        f"of the time ({estimate.source}, {estimate.n} {runs}{remark})."
        + (f" It {estimate.why}." if estimate.why else "")
    )


def longest_first(expectations: Sequence[Expectation]) -> list[Expectation]:
    """Return the rows, the longest durations first."""
    return sorted(expectations, key=lambda expectation: -expectation.estimate.p50_seconds)


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def _moment(at: float | None) -> str:
    return "" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S}"


def _seconds(value: float) -> str:
    return f"{value:.{2 if value < _LONG_SECONDS else 1}f} s"
