"""Reports of snapshots, progress and comparisons for artifacts and logs; without credentials."""

from __future__ import annotations

from collections.abc import Sequence

from blocks.repositories.interface import Progress, Snapshot
from tasks.backup.comparison import Comparison
from tasks.quantities import moment, size

_PATHS_SHOWN = 20


def progress_line(progress: Progress) -> str:
    """Return the progress of a backup as one line."""
    left = "" if progress.seconds_left is None else f", {progress.seconds_left:.0f} s left"
    return f"{size(progress.bytes_done)} of {size(progress.bytes_total)}{left}"


def snapshot_report(snapshot: Snapshot, read_data_subset: str = "") -> str:
    """Return a snapshot as a Markdown table."""
    proof = "structure" + (f" and {read_data_subset} of the data" if read_data_subset else "")
    return _table(
        f"Snapshot {snapshot.id[:8]} of {snapshot.project} in {snapshot.environment}",
        [
            ("Repository", f"`{snapshot.repository}`"),
            ("Consistent at", moment(snapshot.consistent_at)),
            ("Folders", ", ".join(f"`{path}`" for path in snapshot.sources)),
            ("Files", str(snapshot.files)),
            ("Size", size(snapshot.total_bytes)),
            ("Added to the repository", size(snapshot.added_bytes)),
            ("Took", f"{snapshot.seconds:.1f} s"),
            ("Integrity", f"checked: {proof}"),
            ("Databases copied as plain files, unverified", _names(snapshot.unverified)),
            ("Left out", _names(snapshot.left_out)),
        ],
    )


def comparison_report(snapshot_id: str, target: str, comparison: Comparison) -> str:
    """Return a restore as a Markdown table."""
    verdict = "identical" if comparison.identical else "**not identical**"
    return _table(
        f"Restore of snapshot {snapshot_id[:8]}",
        [
            ("Target", f"`{target}`"),
            ("Compared", verdict),
            ("Files", str(comparison.files)),
            ("Size", size(comparison.bytes)),
            ("Took", f"{comparison.seconds:.1f} s"),
            ("Missing", _names(comparison.missing)),
            ("Differing", _names(comparison.differing)),
            ("Unexpected", _names(comparison.unexpected)),
            ("Changed while the snapshot was taken", _names(comparison.changed)),
            ("Databases copied as plain files, unverified", _names(comparison.unverified)),
            ("Left out when it was taken", _names(comparison.left_out)),
        ],
    )


def _table(title: str, rows: Sequence[tuple[str, str]]) -> str:
    lines = [f"## {title}", "", "| | |", "|---|---|"]
    return "\n".join([*lines, *(f"| {name} | {value} |" for name, value in rows)])


def _names(paths: Sequence[str]) -> str:
    """Return the first of many paths, safe inside a table."""
    first_paths = [f"`{path.replace('|', '?').replace('`', '?')}`" for path in paths[:_PATHS_SHOWN]]
    more = [f"and {len(paths) - _PATHS_SHOWN} more"] if len(paths) > _PATHS_SHOWN else []
    return ", ".join([*first_paths, *more]).encode(errors="replace").decode() or "none"
