"""The last lines of a service or a step, without secrets: `/logs`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from blocks.parameter import Name, NameOrAll, Whole, WorkloadNameOrAll
from blocks.providers.process import detached
from stack.overview import Answer
from stack.reads.endpoint import Endpoint, Parameters, Source
from tasks.errors import BadInputError, NotFoundError
from tasks.ledger.executions import executed_parts, latest_execution
from tasks.ledger.instances import instances
from tasks.ledger.workloads import workload_keys
from tasks.observe.log_lines import log_lines
from tasks.release import LIVING

MAX_LINES = 1000
_MAX_NAME = 200
_NAMED = 5
_WHERE_STEPS_ARE = (
    "Look at its run in the UI: the artifact `plan-...` names every step, and at the end "
    "`workload-...` says which did not run."
)


class Asked(Parameters):
    """The parameters: a service, or a step of a workload."""

    project: Annotated[Name, Field(description="The project")]
    environment: Annotated[NameOrAll, Field(description="Of a service: its environment")] = ""
    service: Annotated[str, Field(max_length=_MAX_NAME, description="A service")] = ""
    replica: Annotated[
        Whole, Field(ge=0, le=1000, description="Of a service: which replica, from 0")
    ] = 0
    workload: Annotated[WorkloadNameOrAll, Field(description="Of a step: its workload")] = ""
    step: Annotated[str, Field(max_length=_MAX_NAME, description="A step; its last attempt")] = ""
    lines: Annotated[Whole, Field(ge=1, le=MAX_LINES, description="How many lines at most")] = 100
    since: (
        Annotated[
            Whole,
            Field(ge=0, le=2**53, description="The `next` of an earlier answer: what came after"),
        ]
        | None
    ) = None


class Logs(Answer):
    """Lines of one log."""

    owner: str = Field(description="Whose log it is")
    started_at: float = Field(description="When it was started, in seconds since 1970")
    lines: tuple[str, ...] = Field(description="The lines, the newest last; secrets are masked")
    next: int = Field(description="As `since`, it gives the lines that come after these")


@dataclass(frozen=True, slots=True)
class _Log:
    owner: str
    started_at: float
    directory: Path


def _read(source: Source, asked: Asked) -> Logs:
    if bool(asked.service) == bool(asked.step):
        problem = "or `step` has to be given, not both"
        if not asked.step:
            problem = "or `step` has to be given"
        remedy = "Name either a service or a step."
        raise BadInputError("service", asked.service, problem, remedy)
    # Of a project that was forgotten nobody knows the secrets any more.
    source.configured.refuse_unknown(asked.project, asked.environment)
    log = _of_service(source, asked) if asked.service else _of_step(source, asked)
    path = _inside(source.config.root, detached.log_path(log.directory))
    secrets = source.configured.secrets(asked.project)
    grows = detached.is_running(log.directory)
    last = log_lines(path, asked.lines, asked.since, secrets, grows=grows)
    return Logs(owner=log.owner, started_at=log.started_at, lines=last.lines, next=last.end)


def _of_service(source: Source, asked: Asked) -> _Log:
    own = instances(source.ledger, asked.project, asked.environment or None)
    named = [each for each in own if each.service == asked.service]
    wanted = [each for each in named if each.replica == asked.replica]
    if not wanted:
        if named:
            numbers = sorted({str(each.replica) for each in named})
            raise NotFoundError("replica", str(asked.replica), numbers, "Name one of them.")
        services = sorted({each.service for each in own})
        raise NotFoundError("service", asked.service, services, "Launch it, or correct the name.")
    last = max(wanted, key=lambda each: (each.state in LIVING, each.started_at))
    owner = f"{last.project}/{last.environment}/{last.service}.{last.replica}"
    return _Log(owner, last.started_at, last.directory)


def _of_step(source: Source, asked: Asked) -> _Log:
    key = "/".join(filter(None, (asked.project, asked.workload)))
    last = latest_execution(source.ledger, key, asked.step)
    if last is None:
        _refuse_unknown_workload(source, asked)
        raise _no_such_step(asked.step, key, executed_parts(source.ledger, key, asked.step))
    owner = f"{key}/{last.step}, attempt {last.attempt}"
    return _Log(owner, last.started_at, last.directory)


def _refuse_unknown_workload(source: Source, asked: Asked) -> None:
    """Refuse the name of a workload of which no run has begun."""
    keys = workload_keys(source.ledger, asked.project)
    wanted = f"{asked.project}/{asked.workload}/"
    if asked.workload and not any(f"{key}/".startswith(wanted) for key in keys):
        known = sorted({_workload_of(key) for key in keys})
        remedy = "Run it first, or correct the name."
        raise NotFoundError("workload", asked.workload, known, remedy)


def _workload_of(key: str) -> str:
    """Return the name in `<project>/<name>/<environment>/<release>/<steps>`; it may have slashes."""
    _, *names = key.split("/")
    return "/".join(names[:-3] or names)


def _no_such_step(step: str, key: str, parts: Sequence[str]) -> BadInputError:
    if not parts:
        problem = f"has not run in {key}: it has not begun, or has another name"
        return BadInputError("step", step, problem, _WHERE_STEPS_ARE)
    more = f" and {len(parts) - _NAMED} more" if len(parts) > _NAMED else ""
    problem = f"was run in {key} as {', '.join(parts[:_NAMED])}{more}, each with a log of its own"
    return BadInputError("step", step, problem, f"Name one of them, e.g. {parts[0]}.")


def _inside(root: Path, path: Path | None) -> Path | None:
    """Return ``path`` if it lies in the home, whatever links lead to it."""
    if path is None or not path.resolve().is_relative_to(root.resolve()):
        return None
    return path


LOGS = Endpoint(
    "logs",
    "/logs",
    "The last lines of a service, or of the last attempt at a step.",
    Asked,
    Logs(
        owner="bookshop/dev/web.0",
        started_at=1_790_000_000.0,
        lines=("Listening on 127.0.0.1:20000",),
        next=28,
    ),
    _read,
)
