"""The health gate."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from tasks.deploy.effects import Refused
from tasks.deploy.gate import pass_gate
from tasks.release import Instance, InstanceState

WEB = Instance(
    "i", "shop", "prod", "web", 0, "r", "2", Path("/i"), "h", 1, InstanceState.STARTING, 0.0
)


@dataclass(frozen=True)
class Answer:
    """What one instance said."""

    instance: Instance
    ok: bool
    detail: str = "answers 500"


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
    asked: list[bool] = []

    def ask(_: list[Instance], __: float) -> list[Answer]:
        asked.append(next(answers))
        return [Answer(WEB, asked[-1])]

    assert _gate(ask) is None
    assert len(asked) == 6


def test_an_instance_that_never_gets_well_is_refused_with_what_it_said() -> None:
    """Otherwise nobody learns why a deploy was refused."""
    refused = _gate(lambda *_: [Answer(WEB, ok=False)])
    assert isinstance(refused, Refused)
    assert "web (replica 0, version 2): answers 500" in refused.reason


def test_a_release_without_instances_is_refused() -> None:
    """Otherwise a release whose processes are gone passes for want of a complaint."""
    refused = pass_gate(
        lambda *_: [], [], in_a_row=1, timeout_seconds=1, clock=lambda: 0.0, pause=lambda: None
    )
    assert isinstance(refused, Refused)


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
