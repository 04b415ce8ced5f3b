"""The lanes of a campaign: each runs operations in turn, strikes each by a fault, finishes it."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable

import psutil

from benchmarks.chaos import victims
from benchmarks.chaos.accounting import notes_of, unfinished
from benchmarks.chaos.faults import strike
from benchmarks.chaos.field import Field
from benchmarks.chaos.operations import Operation, Operations
from benchmarks.chaos.schedule import FLOW, Act, How
from stack.flow_run import FlowRun

_BEGIN_SECONDS = 60.0
_END_SECONDS = 180.0
_ATTEMPTS = 4
_POLL_SECONDS = 0.03
_USUAL_SECONDS = 8.0
_IMPORT_SECONDS = 3.0


class Lanes:
    """Performs acts; learns how long operations take, so that faults strike all over them."""

    def __init__(self, ground: Field, operations: Operations) -> None:
        self._ground = ground
        self._make: dict[str, Callable[[str], Operation]] = {
            "site": operations.of_site,
            "data": operations.of_data,
            "clerk": operations.of_clerk,
            "jobs": operations.of_jobs,
        }
        self._usual: dict[str, float] = defaultdict(lambda: _USUAL_SECONDS)

    def perform(self, lane: str, act: Act) -> None:
        """Start the operation, strike, wait for its end, and repeat it until it succeeds."""
        operation = self._make[lane](act.operation)
        kind = f"{operation.name}, {act.fault.kind}"
        companion = self._companion(lane)
        run_id = self._ground.trigger(operation.name, **operation.parameters)
        struck = self._strike(act, operation, run_id)
        record = self._ground.record
        if act.fault.victim in {"shim of a step", "shard"}:
            # Nobody knows how far it had come: it is done again, as is what it had done.
            record.excused |= {
                each.batch for each in (operation, companion and companion[0]) if each
            }
        (record.struck if struck else record.missed).append(kind)
        record.say(f"{kind}{'' if struck else ': missed'}")
        if struck and act.fault.victim == FLOW and act.fault.how is not How.STOP:
            self._ground.watch(kind, struck, lambda: self._is_settled(run_id))
        self._bring_to_an_end(operation, run_id)
        if companion:
            self._bring_to_an_end(*companion)

    def _companion(self, lane: str) -> tuple[Operation, str] | None:
        """Start another workload that needs the same capacity."""
        if lane != "jobs":
            return None
        operation = self._make[lane]("run")
        return operation, self._ground.trigger(operation.name, **operation.parameters)

    def _is_over(self, run_id: str) -> bool:
        run = self._ground.state(run_id)
        return run is not None and run.finished

    def _is_settled(self, run_id: str) -> bool:
        """Tell whether a run whose process was killed has ended, or has another one."""
        return self._is_over(run_id) or victims.flow(self._ground.home, run_id) is not None

    def _bring_to_an_end(self, operation: Operation, run_id: str) -> None:
        """Wait for its end; repeat it if it must succeed; check its effect."""
        record = self._ground.record
        for _ in range(_ATTEMPTS):
            run = self._ground.ended(run_id, _END_SECONDS)
            if self._ground.over.is_set():
                return
            if run is None:
                record.note(record.stuck, f"{operation.name} ({run_id}) comes to no end")
                return
            record.ended[f"{operation.name}: {run.state_name}"] += 1
            if run.succeeded and run.started_at and run.ended_at:
                # Its process is there some seconds before it starts.
                self._usual[operation.name] = run.ended_at - run.started_at + _IMPORT_SECONDS
            if run.succeeded or operation.over in run.message:
                self._judge(operation, run)
                return
            if run.state_type != "CRASHED":
                why = " ".join(run.message.split())[:160]
                record.say(f"{operation.name} {run.state_name}: {why}")
            if not operation.again:
                return
            run_id = self._ground.trigger(operation.name, **operation.parameters)
        record.note(record.stuck, f"{operation.name} did not succeed in {_ATTEMPTS} attempts")

    def _judge(self, operation: Operation, run: FlowRun) -> None:
        deadline = time.monotonic() + 5
        while (missing := operation.missing()) and time.monotonic() < deadline:
            time.sleep(0.5)
        if missing:
            self._ground.record.note(self._ground.record.hollow, f"{missing} ({run.id})")

    def _strike(self, act: Act, operation: Operation, run_id: str) -> float:
        """Strike in time; return when the strike was over, 0.0 if the victim had ended."""
        if act.fault.how is How.PENDING:
            return self._strike_pending(act, run_id)
        began = self._begun(run_id)
        if not began:
            return 0.0
        until = began + act.fault.at * self._usual[operation.name]
        while time.monotonic() < until:
            if self._is_over(run_id):
                return 0.0
            time.sleep(_POLL_SECONDS * 3)
        while not self._is_over(run_id):
            since = time.time()
            if pid := self._victim(act, run_id):
                struck = strike(act.fault, pid)
                undone = time.monotonic()
                if struck and act.fault.victim == "service":
                    self._ground.away_until_it_serves(act.kind, since, undone)
                if struck or act.fault.victim == FLOW:
                    return undone if struck else 0.0
            elif act.fault.victim == FLOW:
                return 0.0
            time.sleep(_POLL_SECONDS)
        return 0.0

    def _begun(self, run_id: str) -> float:
        """Return when its process was there; 0.0 if it has ended, or never was."""
        deadline = time.monotonic() + _BEGIN_SECONDS
        while time.monotonic() < deadline and not self._ground.over.is_set():
            if victims.flow(self._ground.home, run_id):
                return time.monotonic()
            if self._is_over(run_id):
                return 0.0
            time.sleep(_POLL_SECONDS * 3)
        return 0.0

    def _strike_pending(self, act: Act, run_id: str) -> float:
        """Kill worker and process of a run that was submitted and has not begun."""
        deadline = time.monotonic() + _BEGIN_SECONDS
        while time.monotonic() < deadline and not self._ground.over.is_set():
            run = self._ground.state(run_id)
            if run is not None and run.state_type == "PENDING":
                time.sleep(act.fault.at)
                return self._kill_both(act, run_id)
            if run is not None and run.state_type not in {"SCHEDULED", "PENDING"}:
                return 0.0
            time.sleep(_POLL_SECONDS)
        return 0.0

    def _kill_both(self, act: Act, run_id: str) -> float:
        home = self._ground.home
        with self._ground.turmoil.struck():
            pids = [victims.part(home, "worker"), victims.flow(home, run_id)]
            struck = [strike(act.fault, pid) for pid in pids if pid]
        return time.monotonic() if any(struck) else 0.0

    def _victim(self, act: Act, run_id: str) -> int | None:
        home, victim = self._ground.home, act.fault.victim
        if victim == FLOW:
            return victims.flow(home, run_id)
        if victim == "restic":
            return victims.restic_of(home, run_id)
        if victim in {"step", "shard"}:
            return self._open_step()
        running = victims.service(home, "shop") if "service" in victim else victims.step(home)
        if running is None:
            return None
        return running.shim.pid if victim.startswith("shim") else running.child_pid

    def _open_step(self) -> int | None:
        """Return the process of a step that has begun and not ended; None if there is none."""
        notes = notes_of(self._ground.sources.notes.read_text(encoding="utf-8"))
        for _, _, pid in reversed(unfinished(notes)):
            if psutil.pid_exists(pid):
                return pid
        return None
