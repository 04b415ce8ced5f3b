"""The report of a rollout, as values and as Markdown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise

from tasks.deploy.rollout import Phase, Rollout, RolloutKind
from tasks.errors import SlipwayError


class RolloutRevertedError(SlipwayError):
    """A rollout was reverted or withdrawn; the message names the version that serves instead."""

    def __init__(self, report: RolloutReport) -> None:
        self.report = report
        described = f"{report.kind} of {report.project}/{report.environment} to {report.to_version}"
        if report.withdrawn:
            message = (
                f"{described} was taken back before it moved the traffic: {report.reason}. "
                f"{report.still_serving} There is nothing to fix; deploy it again if you want it."
            )
        else:
            message = (
                f"{described} was reverted. {report.still_serving} Fix the new version and deploy "
                f"it "
                f"again. The reason: {report.reason}"
            )
        super().__init__(message)


@dataclass(frozen=True, slots=True)
class RolloutReport:
    """How a rollout went; ``phases`` are pairs of (phase, seconds spent in it).

    ``urls`` is where each service answers, by its name. ``warm`` tells whether the replaced
    release is still up, so that a rollback starts nothing. ``serves`` is the version that serves
    at the end; ``withdrawn`` tells whether another run has withdrawn the rollout.
    """

    id: str
    project: str
    environment: str
    kind: RolloutKind
    phase: Phase
    from_version: str
    to_version: str
    release: str
    reason: str
    warm: bool
    phases: tuple[tuple[Phase, float], ...]
    urls: Mapping[str, str]
    serves: str = ""
    withdrawn: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether the new release serves."""
        return self.phase is Phase.DONE

    @property
    def switch_seconds(self) -> float:
        """How long the move of the traffic itself took."""
        return sum(seconds for phase, seconds in self.phases if phase is Phase.SHIFTING)

    @property
    def still_serving(self) -> str:
        """A sentence on the version that serves after a rollout that was reverted."""
        if self.withdrawn:
            return f"Version {self.serves} serves." if self.serves else "Nothing serves there."
        if not self.from_version:
            return "Nothing was deployed there before."
        return f"Version {self.from_version} still serves."


def report_of(
    rollout_id: str, rollout: Rollout, urls: Mapping[str, str], serves: str = ""
) -> RolloutReport:
    """Return the report of an ended ``rollout``; ``serves`` is the version that serves now."""
    timeline = rollout.timeline
    return RolloutReport(
        id=rollout_id,
        project=rollout.project,
        environment=rollout.environment,
        kind=rollout.kind,
        phase=rollout.phase,
        from_version=rollout.from_version,
        to_version=rollout.version,
        release=rollout.to_release,
        reason=rollout.reason,
        warm=_keeps_warm(rollout),
        phases=tuple((phase, end - start) for (phase, start), (_, end) in pairwise(timeline)),
        urls=dict(urls),
        serves=serves,
    )


def _keeps_warm(rollout: Rollout) -> bool:
    keeps = rollout.keep_warm and bool(rollout.serving) and not rollout.redeploys
    return rollout.phase is Phase.DONE and keeps


def markdown_of(report: RolloutReport) -> str:
    """Return ``report`` as the Markdown of an artifact."""
    title = f"# {report.kind.title()} of {report.project} in {report.environment}: {report.phase}"
    move = f"From **{report.from_version or 'nothing'}** to **{report.to_version}**"
    release = f" (release `{report.release[:12]}`)." if report.release else "."
    lines = [title, "", move + release]
    if report.reason:
        ended = "Taken back" if report.withdrawn else "Reverted"
        lines += ["", f"{ended}. {report.still_serving}", "", "```", report.reason, "```"]
    lines += ["", "| phase | seconds |", "|---|---:|"]
    lines += [f"| {phase} | {seconds:.2f} |" for phase, seconds in report.phases]
    lines += ["", "| service | answers at |", "|---|---|"] if report.urls else []
    lines += [f"| {service} | <{url}> |" for service, url in sorted(report.urls.items())]
    if report.warm:
        lines += ["", f"Version {report.from_version} is kept warm: a rollback is one switch."]
    return "\n".join(lines) + "\n"
