"""The closing report of a run: what ran where, plan against actual, snapshot, release, URL."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import fmean

from tasks.quantities import count_of

SHORT_SECONDS = 5.0
"""The errors of estimates for shorter steps are given in seconds."""

_SOURCES = {"default": "default, as there is no history yet"}


@dataclass(frozen=True, slots=True)
class StepLine:
    """One step, planned and actual; ``actual_seconds`` is None for a step that never ran."""

    step: str
    provider: str
    planned_seconds: float
    actual_seconds: float | None
    outcome: str
    attempts: int = 1


@dataclass(frozen=True, slots=True)
class WorkloadSummary:
    """The result of one workload; ``failures`` are pairs of (test or step, first line of why).

    ``remarks`` are sentences that are shown in any case, also where it succeeded. ``taken_steps``
    and ``taken_tests`` are taken over from other runs; ``repeated`` names the run of which only
    what failed was run again, if that was asked for.
    """

    workload: str
    split_reason: str
    steps: tuple[StepLine, ...]
    planned_seconds: float
    bound_seconds: float
    actual_seconds: float
    estimate_source: str
    tests: int = 0
    failures: tuple[tuple[str, str], ...] = ()
    resumed_steps: int = 0
    taken_steps: int = 0
    taken_tests: int = 0
    repeated: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def executed_steps(self) -> int:
        """How many steps were executed, now or in a former run that this one resumed."""
        return sum(line.actual_seconds is not None for line in self.steps) + self.resumed_steps

    @property
    def extent(self) -> str:
        """How much ran or was kept of a former run, e.g. ``3 steps, 180 tests``; or that nothing did."""
        if self.nothing_failed:
            return f"all of it had succeeded in {self.repeated}, so nothing was run"
        if not self.executed_steps and not self.taken_steps:
            return "no step ran: each was skipped, or had no items"
        skipped = sum(line.outcome.startswith("skipped") for line in self.steps)
        parts = [count_of(self.executed_steps, "step")]
        parts += [f"{self.taken_steps} taken over"] if self.taken_steps else []
        parts += [f"{skipped} skipped"] if skipped else []
        parts += [count_of(self.tests, "test")] if self.tests else []
        if self.taken_tests:
            parts.append(f"{count_of(self.taken_tests, 'test')} of {self.repeated} not repeated")
        return ", ".join(parts)

    @property
    def nothing_failed(self) -> bool:
        """Whether only what failed was to be run again, and nothing had failed."""
        from_cache = any("cached" in line.outcome for line in self.steps)
        return bool(self.repeated) and not self.executed_steps and not from_cache

    @property
    def warnings(self) -> tuple[str, ...]:
        """What nobody may miss: the remarks, and before them that nothing was executed."""
        if self.executed_steps or self.taken_steps or self.nothing_failed:
            return self.remarks
        return (f"Of its workload {self.extent}.", *self.remarks)

    @property
    def succeeded(self) -> bool:
        """Whether nothing failed, and nothing was not run because of a failure."""
        return not self.failures and all(
            line.outcome.startswith(("succeeded", "skipped")) for line in self.steps
        )


@dataclass(frozen=True, slots=True)
class ShipSummary:
    """What one `ship` did; ``parts`` are (capability, seconds, outcome) in order."""

    project: str
    environment: str
    version: str
    parts: tuple[tuple[str, float, str], ...]
    workload: WorkloadSummary | None = None
    urls: tuple[str, ...] = ()
    release: str = ""
    replaced: str = ""
    snapshot: str = ""

    @property
    def headline(self) -> str:
        """The project, version and environment, and the part that failed, if one did."""
        failed = next((name for name, _, outcome in self.parts if outcome == "failed"), "")
        shipped = f"{self.project} {self.version or '(as it stands)'} in {self.environment}"
        return f"{shipped}: {f'FAILED ({failed})' if failed else 'shipped'}"


def estimate_error(steps: tuple[StepLine, ...]) -> str:
    """Return the mean errors of the estimates for the steps that ran; empty without any.

    A share says nothing about a step that is shorter than starts vary: for steps below
    ``SHORT_SECONDS`` it is the difference in seconds.
    """
    deviations = [
        (line.actual_seconds, abs(line.actual_seconds - line.planned_seconds))
        for line in steps
        if line.actual_seconds is not None
    ]
    shares = [difference / actual for actual, difference in deviations if actual >= SHORT_SECONDS]
    differences = [difference for actual, difference in deviations if actual < SHORT_SECONDS]
    parts = [f"{fmean(shares):.0%} a step"] if shares else []
    if differences:
        short = f"step below {SHORT_SECONDS:g} s" if shares else "step"
        parts.append(f"{fmean(differences):.1f} s a {short}")
    return " and ".join(parts)


def estimate_sentence(workload: WorkloadSummary) -> str:
    """Return a sentence on the errors of the estimates, and where these came from."""
    error = estimate_error(workload.steps)
    if not error:
        return "No step ran, so the estimates could not be compared."
    return (
        f"Estimates ({_SOURCES.get(workload.estimate_source, workload.estimate_source)}) "
        f"were off by {error}; "
        f"planned {workload.planned_seconds:.1f} s, took {workload.actual_seconds:.1f} s; "
        f"by these estimates no plan takes less than {workload.bound_seconds:.1f} s."
    )


def workload_markdown(workload: WorkloadSummary) -> str:
    """Return the report of one workload."""
    lines = [f"## {workload.workload}: {'succeeded' if workload.succeeded else 'FAILED'}", ""]
    if workload.failures:
        lines += [*(f"- `{name}`: {reason}" for name, reason in workload.failures), ""]
    if workload.remarks:
        lines += [*(f"- {remark}" for remark in workload.remarks), ""]
    lines += [
        "| step | provider | planned | actual | attempts | outcome |",
        "|---|---|---:|---:|---:|---|",
        *(_row(line) for line in workload.steps),
        "",
        f"- {workload.split_reason}",
        f"- {estimate_sentence(workload)}",
    ]
    if workload.resumed_steps:
        lines.append(
            f"- Finished steps of an interrupted run that were kept: {workload.resumed_steps}"
        )
    if workload.repeated:
        lines.append(f"- Only what failed in {workload.repeated} was run again")
    if workload.taken_tests:
        lines.append(f"- Tests that succeeded then and were not repeated: {workload.taken_tests}")
    if workload.taken_steps:
        lines.append(
            f"- Steps whose outcome was taken over from other runs: {workload.taken_steps}"
        )
    return "\n".join(lines)


def _row(line: StepLine) -> str:
    actual = "" if line.actual_seconds is None else f"{line.actual_seconds:.1f} s"
    return (
        f"| {line.step} | {line.provider} | {line.planned_seconds:.1f} s | {actual} "
        f"| {line.attempts or ''} | {line.outcome} |"
    )


def _amount(workload: WorkloadSummary | None) -> tuple[str, str]:
    """Return the unit that a workload is counted in, and the count."""
    if workload is None:
        return "Steps", ""
    if workload.tests:
        return "Tests", str(workload.tests)
    return "Steps", str(len(workload.steps))


def ship_markdown(summary: ShipSummary) -> str:
    """Return the closing report of `ship`."""
    facts = [
        ("URL", ", ".join(f"<{url}>" for url in summary.urls)),
        ("Release", f"`{summary.release}`" if summary.release else ""),
        ("Replaced version", summary.replaced),
        ("Snapshot", f"`{summary.snapshot}`" if summary.snapshot else ""),
        _amount(summary.workload),
        ("Took", f"{sum(seconds for _, seconds, _ in summary.parts):.1f} s"),
    ]
    lines = [
        f"# {summary.headline}",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {value} |" for name, value in facts if value),
        "",
        "| part | seconds | outcome |",
        "|---|---:|---|",
        *(f"| {name} | {seconds:.1f} | {outcome} |" for name, seconds, outcome in summary.parts),
    ]
    if summary.workload:
        lines += ["", workload_markdown(summary.workload)]
    return "\n".join(lines)
