"""The stack and the projects of a campaign, and what is observed of them from outside."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from benchmarks.chaos import load
from benchmarks.chaos.accounting import Window
from benchmarks.chaos.clock import Clock
from benchmarks.chaos.record import NEVER_SECONDS, Record, Turmoil
from benchmarks.chaos.sources import Sources
from benchmarks.projects.stack import Stack
from stack.flow_run import FlowRun
from tasks.errors import SlipwayError
from tasks.ledger.connection import Ledger
from tasks.ledger.instances import instances
from tasks.release import InstanceState

_POLL_SECONDS = 0.1
_ASKED_IN_A_ROW = 12
_TRIGGER_SECONDS = 60.0


@dataclass
class Field:
    """Everything that lanes and faults work on."""

    stack: Stack
    sources: Sources
    loads: Path
    ledger: Ledger
    clock: Clock
    record: Record = field(default_factory=Record)
    turmoil: Turmoil = field(default_factory=Turmoil)
    shop_port: int = 0
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def home(self) -> Path:
        """The home of the stack."""
        return self.stack.home

    def trigger(self, operation: str, **parameters: Any) -> str:
        """Start an operation; the request is repeated if the server was just struck."""
        deadline = time.monotonic() + _TRIGGER_SECONDS
        while True:
            try:
                return self.stack.api.trigger(f"{operation}/{operation}", parameters)
            except (SlipwayError, httpx.HTTPError) as error:
                if time.monotonic() > deadline or self.over.is_set():
                    raise SlipwayError(f"{operation} could not be started: {error}") from error
                time.sleep(1)

    def state(self, run_id: str) -> FlowRun | None:
        """Return a flow run as it is now; None while the server does not say."""
        try:
            return self.stack.api.state(run_id)
        except (SlipwayError, httpx.HTTPError):
            return None

    def watch(self, kind: str, undone: float, well: Callable[[], bool]) -> bool:
        """Wait until everything works again, and note how long that took without faults."""
        while not self.over.is_set():
            is_well = well()
            seconds = time.monotonic() - self.turmoil.since(undone)
            if is_well:
                self.record.reconciled[kind].append(round(max(0.0, seconds), 2))
                return True
            if seconds > NEVER_SECONDS:
                break
            time.sleep(_POLL_SECONDS)
        self.record.reconciled[kind].append(NEVER_SECONDS)
        return False

    def answer(self, port: int) -> str:
        """Return what a public port answers; empty if it does not answer well."""
        connection = http.client.HTTPConnection(self.stack.settings.host, port, timeout=5)
        try:
            connection.request("GET", "/")
            answered = connection.getresponse()
            body = answered.read().decode()
        except (OSError, http.client.HTTPException):
            return ""
        finally:
            connection.close()
        return body if answered.status == http.HTTPStatus.OK else ""

    def shop_serves(self) -> bool:
        """Tell whether every replica of the shop answers, asked so often that each has its turn."""
        return all(self.answer(self.shop_port) for _ in range(_ASKED_IN_A_ROW))

    def away_until_it_serves(self, kind: str, since: float, undone: float) -> None:
        """Excuse the failed requests from ``since`` (epoch) until the shop answers again."""
        self.watch(kind, undone, self.shop_serves)
        self.record.away.append(Window(since, time.time()))

    def ended(self, run_id: str, seconds: float) -> FlowRun | None:
        """Wait for the end of a flow run; None if it comes to none."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and not self.over.is_set():
            run = self.state(run_id)
            if run is not None and run.finished:
                return run
            time.sleep(2 * _POLL_SECONDS)
        return None

    def ports_of(self, project: str) -> list[int]:
        """Return the ports of what serves of a project."""
        live = instances(self.ledger, project, states=[InstanceState.RUNNING])
        return [each.port for each in live if each.port is not None]

    def acknowledged(self) -> set[int]:
        """Return the numbers that the shop has acknowledged by now."""
        return set(load.answers(self.loads).acknowledged)
