"""The health gate: every replica must answer several times in a row before it serves."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from tasks.cancellation import is_cancelled
from tasks.deploy.effects import GateRefused
from tasks.deploy.runner import HealthAnswer
from tasks.release import Instance

CANCELLED = "its run was cancelled"
Ask = Callable[[list[Instance], float], Sequence[HealthAnswer]]


def count_in_a_row(counts: Mapping[str, int], answers: Sequence[HealthAnswer]) -> dict[str, int]:
    """Return how often in a row each instance has been healthy, by its id."""
    return {
        answer.instance.id: counts.get(answer.instance.id, 0) + 1 if answer.ok else 0
        for answer in answers
    }


def refusal(answers: Sequence[HealthAnswer]) -> str:
    """Return which instances are not healthy and what each answered, in words."""
    unwell = [answer for answer in answers if not answer.ok]
    return "; ".join(
        f"{answer.instance.service} (replica {answer.instance.replica}, "
        f"version {answer.instance.version}): {answer.detail}"
        for answer in unwell
    )


def pass_gate(
    ask: Ask,
    instances: list[Instance],
    *,
    in_a_row: int,
    timeout_seconds: float,
    clock: Callable[[], float],
    pause: Callable[[], None],
) -> GateRefused | None:
    """Ask until every instance was healthy ``in_a_row`` times; None when they pass.

    Each question may take all the time that is left (an application starts); there is a ``pause``
    between two. An instance that has ended will never be healthy: it is refused at once.
    """
    if not instances:
        return GateRefused("it has no services")
    deadline = clock() + timeout_seconds
    counts: dict[str, int] = {}
    while True:
        answers = ask(instances, max(deadline - clock(), 0.0))
        counts = count_in_a_row(counts, answers)
        if len(counts) == len(instances) and min(counts.values()) >= in_a_row:
            return None
        if any(answer.final for answer in answers):
            return GateRefused(f"not healthy: {refusal(answers)}")
        if is_cancelled():
            return GateRefused(CANCELLED)
        if clock() >= deadline:
            reason = refusal(answers) or f"unhealthy {in_a_row} times in a row"
            return GateRefused(f"not healthy within {timeout_seconds:g} s: {reason}")
        pause()
