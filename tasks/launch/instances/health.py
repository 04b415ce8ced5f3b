"""The health of started instances: each is probed until it is healthy, has ended or is too late."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import dataclass
from functools import partial
from threading import Event

from blocks.providers.process import detached
from blocks.providers.process.listening import listening_instead
from blocks.providers.process.probe import ProbeAnswer, ask
from blocks.reason import with_reason
from blocks.redaction import last_lines, redact
from tasks.cancellation import is_cancelled
from tasks.launch.instances.contention import contention
from tasks.narration import doing
from tasks.presence import has_finished, sockets, who_else_answers
from tasks.release import Instance

_POLL_SECONDS = 0.05
_ANSWER_SECONDS = 2.0
_SETTLED_SECONDS = 0.5
"""A service without a port is healthy when it has run this long without ending."""
_CRASH_LOOP_RESTARTS = 2
_LOG_LINES = 15
_SEARCHED_LINES = 400


@dataclass(frozen=True, slots=True)
class Health:
    """Whether an instance is healthy; ``detail`` says why, with its last log lines where it is not.

    ``final`` tells that it will never be healthy, because it has ended or keeps ending.
    """

    instance: Instance
    ok: bool
    detail: str
    final: bool = False


def await_health(
    instances: Sequence[Instance], timeout_seconds: float, secrets: Collection[str]
) -> list[Health]:
    """Return the health of each as soon as it is known, or ``timeout_seconds`` have passed.

    Where one has ended, the others are not waited for: they can no longer all become healthy. The
    values of ``secrets`` do not appear in the result.
    """
    if not instances:
        return []
    deadline, hopeless = time.monotonic() + timeout_seconds, Event()
    names = " and ".join(sorted({instance.service for instance in instances}))
    waiting = f"waiting until {names} can serve, at most {timeout_seconds:g} s"
    with doing(waiting), ThreadPoolExecutor(len(instances)) as pool:
        answers = [
            pool.submit(copy_context().run, _await_instance, instance, deadline, hopeless, secrets)
            for instance in instances
        ]
        return [answer.result() for answer in answers]


def _await_instance(
    instance: Instance, deadline: float, hopeless: Event, secrets: Collection[str]
) -> Health:
    while True:
        ok, final, detail = _look(instance)
        if ok:
            return Health(instance, ok=True, detail=detail)
        if final:
            hopeless.set()
            return _unwell(instance, detail, secrets, final=True)
        if time.monotonic() >= deadline:
            return _unwell(instance, f"not healthy in time: {detail}", secrets, remedy=True)
        if is_cancelled():
            return _unwell(instance, f"was stopped together with its run: {detail}", secrets)
        if hopeless.wait(_POLL_SECONDS):
            return _unwell(instance, f"was stopped, as another has ended: {detail}", secrets)


def _unwell(
    instance: Instance,
    detail: str,
    secrets: Collection[str],
    *,
    final: bool = False,
    remedy: bool = False,
) -> Health:
    """Return that it is not healthy, with its last lines and a reason or a ``remedy``."""
    searched_lines = last_lines(detached.log_path(instance.directory), _SEARCHED_LINES, secrets)
    lines = with_reason(searched_lines, _LOG_LINES)
    advice = contention(lines) or (_remedy(instance) if remedy else "")
    summary = redact(". ".join(filter(None, [detail, advice])), secrets)
    log = "\n".join(lines) if lines else "(it wrote nothing)"
    message = f"{instance.project}/{instance.service} {summary}\nIts last lines:\n{log}"
    return Health(instance, ok=False, detail=message, final=final)


def _look(instance: Instance) -> tuple[bool, bool, str]:
    """Return whether it is healthy, whether that is final, and why."""
    status = detached.status(instance.directory)
    if not isinstance(status, detached.Running):
        finished = instance.port is None and has_finished(instance) and not _left_behind(status)
        return finished, True, _end(status)
    if _left_behind(status) or status.restarts >= _CRASH_LOOP_RESTARTS:
        return False, True, _end(status)
    if status.child_pid is None:
        return False, False, "is being started"
    if instance.port is None:
        settled = detached.age_seconds(status.shim) >= _SETTLED_SECONDS and not status.restarts
        return settled, False, "runs" if settled else "has only just been started"
    answer = _probe(instance, instance.port, status)
    return answer.ok, False, answer.detail


def _probe(instance: Instance, port: int, status: detached.Running) -> ProbeAnswer:
    find_intruder = partial(who_else_answers, instance, status)
    return ask(instance.host, port, instance.health_path, _ANSWER_SECONDS, find_intruder)


def _left_behind(status: detached.Status) -> int:
    """Return how many processes lived on after its first one had last ended with 0."""
    if isinstance(status, detached.Ended):
        return status.outcome.left_behind if status.outcome.succeeded else 0
    return status.left_behind if isinstance(status, detached.Running) and not status.last_end else 0


def _end(status: detached.Status) -> str:
    """Return how an instance ended that will not become healthy by itself."""
    if count := _left_behind(status):
        return _in_background(count)
    match status:
        case detached.Ended(outcome):
            return f"ended: {outcome.cause or outcome.end}"
        case detached.Running():
            return f"keeps ending: started {status.restarts + 1} times"
    return "was never started"


def _in_background(left_behind: int) -> str:
    """Return the message for a service whose first process ended with 0 while others lived on."""
    others = "1 process" if left_behind == 1 else f"{left_behind} processes"
    return (
        f"put itself into the background: its first process ended with exit code 0 and left "
        f"{others} behind, which nobody would have watched and which were ended with it. Have it "
        "stay in the foreground: leave out options like --daemon, -D or a final `&`, or write "
        "what its manual names for that, e.g. `daemon off`."
    )


def _remedy(instance: Instance) -> str:
    """Return a remedy for an instance that runs and is not healthy; empty if none is known."""
    status = detached.status(instance.directory)
    if instance.port is None or not isinstance(status, detached.Running):
        return ""
    answer = _probe(instance, instance.port, status)
    if answer.code is not None and not answer.ok:
        field = f"projects.{instance.project}.services.{instance.service}.health_path"
        path = instance.health_path
        return (
            f"It answers, but not below 400 at {path}: name a path at {field} that does when the "
            'service is healthy; "" asks only whether the port is open.'
        )
    listening = sockets(status)
    if any((socket.host, socket.port) == (instance.host, instance.port) for socket in listening):
        return ""  # it is just slow to answer
    return listening_instead(instance.host, instance.port, listening)
