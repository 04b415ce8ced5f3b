"""What was lost, doubled or too much at once, counted over what was written down."""

from __future__ import annotations

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from benchmarks.chaos.accounting import (
    Key,
    Note,
    Window,
    attempts_of,
    doubled_steps,
    doubled_writes,
    lost_steps,
    lost_writes,
    max_at_once,
    notes_of,
    unexcused,
    unfinished,
)


def _note(kind: str, step: str, at: float = 0.0, pid: int = 1, batch: str = "b") -> Note:
    return Note(kind, batch, step, pid, at)


def _most(notes: list[Note], deaths: dict[Key, float]) -> int:
    return len(max_at_once(attempts_of(notes, deaths)))


def test_notes_are_read_as_far_as_they_are_complete() -> None:
    """A note that is just being written would be read as another number."""
    text = "begin b s1 12 1.5\nend b s1 12 2.5\nbegin b s2 1"
    assert notes_of(text) == [_note("begin", "s1", 1.5, 12), _note("end", "s1", 2.5, 12)]


def test_a_step_that_left_no_end_is_lost_and_one_with_two_is_doubled() -> None:
    """A workload that says Completed without its effect would pass."""
    notes = [_note("end", "s1"), _note("end", "s1", pid=2), _note("begin", "s2")]
    assert lost_steps(notes, {"b": ["s1", "s2"]}) == ["b/s2"]
    assert doubled_steps(notes) == ["b/s1"]
    assert doubled_steps(notes, excused={"b"}) == []


def test_the_same_step_of_another_batch_is_another_step() -> None:
    """Each run of a workload does all of it."""
    notes = [_note("end", "s1"), _note("end", "s1", batch="c")]
    assert doubled_steps(notes) == []
    assert lost_steps(notes, {"b": ["s1"], "c": ["s1"], "d": ["s1"]}) == ["d/s1"]


def test_steps_that_overlap_are_counted_and_those_that_follow_are_not() -> None:
    """Capacity that is exceeded would not be seen, or be seen where it is kept."""
    follow = [_note("begin", "s1", 0), _note("end", "s1", 1), _note("begin", "s2", 1)]
    assert _most([*follow, _note("end", "s2", 2)], {}) == 1
    overlap = [_note("begin", "s1", 0), _note("begin", "s2", 1), _note("end", "s1", 2)]
    assert _most([*overlap, _note("end", "s2", 3)], {}) == 2


def test_a_killed_step_was_at_work_until_its_death() -> None:
    """It would hold its slot for ever, or never have held one."""
    notes = [_note("begin", "s1", 0, 1), _note("begin", "s1", 5, 2), _note("end", "s1", 6, 2)]
    assert _most(notes, {("b", "s1", 1): 4.0}) == 1
    assert _most(notes, {("b", "s1", 1): 5.5}) == 2
    assert unfinished(notes) == [("b", "s1", 1)]


@given(st.lists(st.tuples(st.floats(0, 100), st.floats(0.1, 10)), max_size=12))
def test_never_more_are_at_work_than_there_are_steps(spans: list[tuple[float, float]]) -> None:
    """The count would be wrong."""
    notes = []
    for number, (begin, length) in enumerate(spans):
        notes += [_note("begin", f"s{number}", begin), _note("end", f"s{number}", begin + length)]
    at_once = [sum(b <= begin < b + length for b, length in spans) for begin, _ in spans]
    assert _most(notes, {}) == max(at_once, default=0)


def test_writes_are_lost_where_acknowledged_and_doubled_where_there_twice() -> None:
    """A lost acknowledged write would go unseen; one that was never acknowledged is not lost."""
    rows = Counter({1: 1, 2: 2, 4: 1})
    assert lost_writes([1, 2, 3], rows) == [3]
    assert doubled_writes(rows) == [2]


def test_a_failure_is_excused_only_while_nobody_could_answer() -> None:
    """A failed request would be explained away by a kill long ago."""
    failures = [(1.0, "early"), (5.0, "meanwhile"), (9.0, "late")]
    assert unexcused(failures, [Window(4.0, 6.0)]) == ["early", "late"]
