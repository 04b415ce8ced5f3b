"""The health gate."""

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.free_ports import free_ports
from blocks.providers.process import detached
from blocks.providers.process.inherited import inherited
from tasks.deploy.effects import GateRefused
from tasks.deploy.gate import pass_gate
from tasks.launch.instances.health import Health, await_health
from tasks.release import Instance, InstanceState

LONG_SECONDS = 600.0
ENDS = "print('no such table'); raise SystemExit(3)"
NEVER_ANSWERS = "import time; time.sleep(600)"
ANSWERS_ONCE = """
import http.server, sys
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).handle_request()
raise SystemExit(3)
"""

WEB = Instance(
    "i", "shop", "prod", "web", 0, "r", "2", Path("/i"), "h", 1, InstanceState.STARTING, 0.0
)


@dataclass(frozen=True)
class Answer:
    """What one instance said."""

    instance: Instance
    ok: bool
    detail: str = "answers 500"
    final: bool = False


def _gate(ask: Callable[[list[Instance], float], Sequence[Answer]], in_a_row: int = 3) -> object:
    ticks = count()
    return pass_gate(
        ask,
        [WEB],
        in_a_row=in_a_row,
        timeout_seconds=100,
        clock=lambda: float(next(ticks)),
        pause=lambda: None,
    )


def test_one_good_answer_is_not_enough() -> None:
    """Otherwise a version that dies at its second request gets all the traffic."""
    answers = iter([True, True, False, True, True, True])
    answered: list[bool] = []

    def ask(_: list[Instance], __: float) -> list[Answer]:
        answered.append(next(answers))
        return [Answer(WEB, answered[-1])]

    assert _gate(ask) is None
    assert len(answered) == 6


def test_an_instance_that_never_gets_well_is_refused_with_what_it_said() -> None:
    """Otherwise nobody learns why a deploy was refused."""
    refused = _gate(lambda *_: [Answer(WEB, ok=False)])
    assert isinstance(refused, GateRefused)
    assert "web (replica 0, version 2): answers 500" in refused.reason


def test_a_release_without_instances_is_refused() -> None:
    """Otherwise a release whose processes are gone passes for want of a complaint."""
    refused = pass_gate(
        lambda *_: [], [], in_a_row=1, timeout_seconds=1, clock=lambda: 0.0, pause=lambda: None
    )
    assert isinstance(refused, GateRefused)


@given(st.lists(st.booleans(), max_size=30), st.integers(1, 4))
def test_whatever_passes_was_well_that_often_in_a_row(answers: list[bool], in_a_row: int) -> None:
    """Otherwise the gate lets through what flaps."""
    given_so_far: list[bool] = []

    def ask(_: list[Instance], __: float) -> list[Answer]:
        turn = len(given_so_far)
        given_so_far.append(turn < len(answers) and answers[turn])
        return [Answer(WEB, given_so_far[-1])]

    if _gate(ask, in_a_row) is None:
        assert given_so_far[-in_a_row:] == [True] * in_a_row


Start = Callable[[str], Instance]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Give what starts a Python program as a replica; all are ended at the end."""
    first, started = free_ports(10), list[Instance]()

    def begin(program: str) -> Instance:
        number = len(started)
        directory, port = tmp_path / str(number), first + number
        instance = replace(WEB, id=str(number), directory=directory, host="127.0.0.1", port=port)
        argv = (sys.executable, "-c", program, str(port))
        spec = detached.ShimSpec(directory, argv, tmp_path, restart="never")
        detached.start(spec, inherited({}))
        started.append(instance)
        return instance

    yield begin
    for instance in started:
        detached.stop(instance.directory, 0)


def _nobody_waits() -> None:
    raise AssertionError("the gate went on asking a version that has ended")


def _ask(instances: list[Instance], timeout_seconds: float) -> list[Health]:
    return await_health(instances, timeout_seconds, [])


@pytest.mark.integration
def test_a_version_that_has_ended_is_refused_without_waiting_for_its_time(start: Start) -> None:
    """Otherwise every failed deploy takes as long as the slowest start is allowed to."""
    refused = pass_gate(
        _ask,
        [start(ENDS)],
        in_a_row=3,
        timeout_seconds=LONG_SECONDS,
        clock=time.monotonic,
        pause=_nobody_waits,
    )
    assert isinstance(refused, GateRefused)
    assert "no such table" in refused.reason
    assert "600 s" not in refused.reason


@pytest.mark.integration
def test_the_end_of_one_replica_refuses_those_that_still_start(start: Start) -> None:
    """Otherwise a crash is told only when the slowest of its neighbours has used up its time."""
    ended, starting = start(ENDS), start(NEVER_ANSWERS)
    answers = await_health([ended, starting], 5, [])
    assert [(answer.ok, answer.final) for answer in answers] == [(False, True), (False, False)]
    assert "not healthy in time" not in answers[1].detail


@pytest.mark.integration
def test_a_version_that_ends_after_a_good_answer_is_refused_at_once(start: Start) -> None:
    """Otherwise one that dies at its second request is asked until its time is up."""
    instance = start(ANSWERS_ONCE)
    pauses: list[int] = []

    def until_it_has_ended() -> None:
        pauses.append(1)
        if len(pauses) > 1:
            _nobody_waits()
        while not isinstance(detached.status(instance.directory), detached.Ended):
            time.sleep(0.01)

    refused = pass_gate(
        _ask,
        [instance],
        in_a_row=3,
        timeout_seconds=LONG_SECONDS,
        clock=time.monotonic,
        pause=until_it_has_ended,
    )
    assert isinstance(refused, GateRefused)
    assert len(pauses) == 1
