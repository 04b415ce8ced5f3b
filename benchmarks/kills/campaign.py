"""The campaign: waves of workloads that are struck, started again as a user would, and examined."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from benchmarks.chaos.victims import flow
from benchmarks.kills import effects, examination
from benchmarks.kills.points import LATEST_SECONDS, SHAPES, Moment, Point, Victim, Wave, waves
from benchmarks.kills.report import Campaign, Examined
from benchmarks.kills.victims import Kill, kill_both, kill_lane, kill_run, kill_shared
from benchmarks.own_stack import OwnStack
from stack.flow_run import FlowRun
from tasks.errors import SlipwayError
from tasks.ledger.connection import Ledger

PROJECT = "steps"
SLOTS = 6
_ATTEMPTS = 4
_RUN_SECONDS = 240.0
_BEGIN_SECONDS = 60.0
_LOOK_SECONDS = 0.02
ENDS_THE_RUN = frozenset({Victim.RUN, Victim.BOTH})
_BEFORE_SECONDS = 1.5
_AFTER_SECONDS = 0.8


@dataclass
class Ground:
    """The stack, its ledger, the folder of effects, and what was seen."""

    stack: OwnStack
    ledger: Ledger
    effects: Path
    seen: Campaign
    guard: Lock

    @property
    def home(self) -> Path:
        """The home of the stack."""
        return self.stack.config.root


def configuration(source: Path) -> dict[str, object]:
    """Write the project of the campaign, and return what `configure` loads."""
    source.mkdir()
    (source / "step.sh").write_text(effects.SCRIPT, encoding="utf-8")
    local = {"kind": "shell", "slots": SLOTS, "cpus": 64, "memory_mib": 16384}
    return {
        "projects": {PROJECT: {"source": str(source), "stateless": True}},
        "providers": {"local": local},
    }


def warm_up(ground: Ground) -> None:
    """Run a workload of each shape once: it compiles the planner, and gives short steps their history."""
    for shape, _ in SHAPES:
        folder = ground.effects / f"warm-{shape}"
        folder.mkdir()
        spec = effects.workload(shape, folder)
        ground.stack.done("run/run", {"project": PROJECT, "workload": spec})


def campaign(ground: Ground, seed: int, say: Callable[[str], None]) -> None:
    """Strike until as many kills have struck as asked for."""
    seen = ground.seen
    began = time.monotonic()
    for wave in waves(seed):
        _strike(ground, wave, seed)
        left = examination.patiently(lambda: examination.left_over(ground.stack, ground.ledger))
        seen.left += [each for each in left if each not in seen.left]
        wrong = len(seen.lost()), len(seen.doubled()), len(seen.left_over())
        seen.seconds = time.monotonic() - began
        say(
            f"wave {wave.number}, {seen.seconds:.0f} s: {len(seen.kills)} kills; lost, doubled, left: {wrong}"
        )
        if len(seen.kills) >= seen.points:
            return


def _strike(ground: Ground, wave: Wave, seed: int) -> None:
    began = time.monotonic()
    struck: list[tuple[float, Victim]] = []
    with ThreadPoolExecutor(len(wave.shapes) + 1) as pool:
        shared = pool.submit(_strike_shared, ground, wave, began, struck)
        runs = [
            pool.submit(
                _Workload(ground, f"wave{wave.number}-{n}-{shape}", shape, points, seed).execute
            )
            for n, (shape, points) in enumerate(zip(wave.shapes, wave.own, strict=True))
        ]
        shared.result()
        examined = [run.result() for run in runs]
    for each, ended_at in examined:
        each.struck += [victim for at, victim in struck if at < ended_at]
    ground.seen.examined += [each for each, _ in examined]


def _strike_shared(
    ground: Ground, wave: Wave, began: float, struck: list[tuple[float, Victim]]
) -> None:
    for point in wave.shared:
        time.sleep(max(0.0, began + point.at * LATEST_SECONDS - time.monotonic()))
        kill = kill_shared(ground.home, point.victim)
        _note(ground, point.victim, kill)
        if kill:
            struck.append((time.monotonic(), point.victim))


def _note(ground: Ground, victim: Victim, kill: Kill | None) -> None:
    with ground.guard:
        (ground.seen.kills if kill else ground.seen.missed).append(victim)


class _Workload:
    """One workload, from its first start to the examination after its end."""

    def __init__(
        self, ground: Ground, name: str, shape: str, points: tuple[Point, ...], seed: int
    ) -> None:
        self._ground, self._points = ground, points
        self._chance = random.Random(f"{seed} {name}")  # noqa: S311 - a campaign that can be repeated
        self._folder = ground.effects / name
        self._folder.mkdir()
        self._names = effects.names_of(shape)
        self._parameters = {
            "project": PROJECT,
            "workload": effects.workload(shape, self._folder),
        }
        self._cut_off: set[Path] = set()
        self._seen = Examined(name)

    def execute(self) -> tuple[Examined, float]:
        """Run it, strike it, have it run again until it is complete; return what was seen, and when."""
        run_id = self._start()
        for point in self._points:
            kill = self._strike(point, run_id)
            _note(self._ground, kill.victim if kill else point.victim, kill)
            if kill:
                self._seen.struck.append(kill.victim)
                self._cut_off |= set(kill.cut_off)
            if kill and kill.victim in ENDS_THE_RUN:
                run_id = self._ended_or_again(run_id)
        for _ in range(_ATTEMPTS):
            before, run_id = run_id, self._ended_or_again(run_id)
            if run_id == before:
                break
        ended_at = time.monotonic()
        self._examine(run_id)
        return self._seen, ended_at

    def _ended_or_again(self, run_id: str) -> str:
        """Wait for the end of a run; where it has not succeeded, start it again, and return that."""
        if self._seen.runs and self._seen.runs[-1] == "Completed":
            return run_id
        run = self._ended(run_id)
        self._seen.runs.append(run.state_name if run else "without an end")
        if run is None or run.succeeded:
            return run_id
        if run.state_type != "CRASHED":
            with self._ground.guard:
                self._ground.seen.problems.append(f"{self._seen.name}: {run.message}")
        return self._start()

    def _start(self) -> str:
        return self._ground.stack.api.trigger("run/run", self._parameters)

    def _ended(self, run_id: str) -> FlowRun | None:
        try:
            return self._ground.stack.api.wait(run_id, timeout=_RUN_SECONDS)
        except SlipwayError as error:
            with self._ground.guard:
                self._ground.seen.problems.append(f"{self._seen.name}: {error}")
            return None

    def _strike(self, point: Point, run_id: str) -> Kill | None:
        if not self._reached(point, run_id):
            return None
        if point.victim is Victim.RUN:
            return kill_run(self._ground.home, run_id)
        deadline = time.monotonic() + 2.0
        while time.monotonic() < deadline:
            steps = self._steps()
            if steps and (kill := self._kill_in(steps, point.victim, run_id)):
                return kill
            time.sleep(_LOOK_SECONDS)
        return None

    def _kill_in(self, steps: Path, victim: Victim, run_id: str) -> Kill | None:
        if victim is Victim.BOTH:
            return kill_both(self._ground.home, run_id, steps, self._chance)
        return kill_lane(steps, self._chance)

    def _reached(self, point: Point, run_id: str) -> bool:
        """Wait for the moment; False if it does not come."""
        deadline = time.monotonic() + _BEGIN_SECONDS
        wanted = {Moment.START: 0.0, Moment.STEPS: point.at, Moment.END: 1.0}[point.moment]
        while time.monotonic() < deadline:
            if point.moment is Moment.START and flow(self._ground.home, run_id):
                time.sleep(point.at * _BEFORE_SECONDS)
                return True
            begun, ended = self._progress()
            if point.moment is Moment.STEPS and begun and ended >= wanted * len(self._names):
                time.sleep(self._chance.random() * 0.05)
                return True
            if point.moment is Moment.END and ended >= len(self._names):
                time.sleep(point.at * _AFTER_SECONDS)
                return True
            time.sleep(_LOOK_SECONDS)
        return False

    def _progress(self) -> tuple[int, int]:
        noted = effects.effects_of(self._folder).values()
        ended = sum(any(each.kind == effects.END for each in step) for step in noted)
        return len(noted), ended

    def _workloads(self) -> set[str]:
        """Return the ids of the workload as its steps were told them."""
        steps = self._ground.home / "steps"
        noted = effects.effects_of(self._folder).values()
        return {each.attempt.relative_to(steps).parts[0] for step in noted for each in step}

    def _steps(self) -> Path | None:
        ids = self._workloads()
        return self._ground.home / "steps" / ids.pop() if ids else None

    def _examine(self, run_id: str) -> None:
        ids, seen = self._workloads(), self._seen
        seen.effects = effects.deviations(
            self._names, effects.effects_of(self._folder), self._cut_off
        )
        if len(ids) != 1:
            seen.unrecorded.append(f"{len(ids)} workloads instead of one")
            return
        [workload] = ids
        stack, ledger = self._ground.stack, self._ground.ledger
        seen.unrecorded += examination.unrecorded(ledger, workload, self._names)
        seen.unrecorded += examination.unshown(stack, ledger, workload, run_id)
        seen.left += examination.patiently(lambda: examination.left_of(stack, ledger, workload))
