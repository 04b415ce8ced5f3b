"""What runs: `/status` and `/status/{project}`."""

from __future__ import annotations

import time
from functools import cache, partial
from typing import Annotated

from pydantic import Field

from blocks.parameter import Name, NameOrAll
from flows.project.observation import places, view_of
from stack.overview import Overview, Process, Service, look
from stack.reads.endpoint import Endpoint, Parameters, Source
from stack.reads.kept import Kept
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.observe.status import View
from tasks.release import LIVING

MAX_AGE_SECONDS = 5.0


class OfStack(Parameters):
    """The parameters of `/status`."""

    environment: Annotated[
        NameOrAll, Field(description="Only services of this environment; empty: of all")
    ] = ""
    max_age_seconds: Annotated[
        float,
        Field(ge=0, le=60, description="How long ago it may have been looked at; 0: look now"),
    ] = MAX_AGE_SECONDS


class OfOneProject(OfStack):
    """The parameters of `/status/{project}`."""

    project: Annotated[Name, Field(description="Only services of this project")]


def view(source: Source, ledger: Ledger) -> View:
    """Return what is known of the configuration of what runs."""
    living = instances(ledger, states=LIVING)
    return view_of(ledger, living, source.configured.targets(places(living)))[0]


@cache
def _kept(source: Source) -> Kept[Overview]:
    seen = partial(view, source)
    return Kept(lambda: look(source.config, time.time(), source.ledger, seen), time.monotonic)


def _of_stack(source: Source, asked: OfStack) -> Overview:
    return _in_environment(source, asked, _kept(source).get(asked.max_age_seconds))


def _of_project(source: Source, asked: OfOneProject) -> Overview:
    seen = _kept(source).get(asked.max_age_seconds)
    own = tuple(each for each in seen.services if each.project == asked.project)
    if not own:
        source.configured.refuse_unknown(project=asked.project)
    return _in_environment(source, asked, seen.model_copy(update={"services": own}))


def _in_environment(source: Source, asked: OfStack, seen: Overview) -> Overview:
    if not asked.environment:
        return seen
    own = tuple(each for each in seen.services if each.environment == asked.environment)
    if not own:
        source.configured.refuse_unknown(environment=asked.environment)
    return seen.model_copy(update={"services": own})


EXAMPLE = Overview(
    looked_at=1_790_000_000.0,
    processes=(Process(name="server", state="answers", pid=4711, uptime_seconds=86_400.0),),
    services=(
        Service(
            project="bookshop",
            environment="dev",
            service="web",
            replica=0,
            state="running",
            health="ok",
            url="http://127.0.0.1:8300",
            port=20_000,
            version="1.2",
            release="9f8e7d6c5b4a",
            uptime_seconds=3600.0,
            restarts=0,
            cpu_percent=1.5,
            memory_mib=48.2,
            differs=(),
            last_lines=(),
        ),
    ),
    remarks=(),
    public_ports="Public ports 8300 to 8331 (32)",
    ui="http://127.0.0.1:4200",
    retention="",
)

STATUS = Endpoint(
    "status", "/status", "What runs: the stack and all services.", OfStack, EXAMPLE, _of_stack
)
STATUS_OF_PROJECT = Endpoint(
    "status",
    "/status/{project}",
    "What runs: the stack and the services of one project.",
    OfOneProject,
    EXAMPLE,
    _of_project,
)
