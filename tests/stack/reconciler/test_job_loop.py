"""Tests of the reconciler's job loop: jobs keep their periods, and none delays another."""

from __future__ import annotations

import threading
from functools import partial

from blocks.errors import SlipwayError
from stack.reconciler.job_loop import JobLoop, JointBeat, PeriodicJob


def fails(now: float) -> list[str]:
    """Be a job that fails."""
    del now
    raise OSError("the disk is full")


def test_a_failing_duty_does_not_keep_the_others() -> None:
    """One broken part would stop leases from being reaped, or look like a hanging reconciler."""
    sentences: list[str] = []
    jobs = [PeriodicJob("a", 1, fails), PeriodicJob("b", 1, lambda _: ["done"])]
    loop = JobLoop(jobs, sentences.append, lambda: sentences.append("beat"))
    loop.go(100.0)
    assert sentences[1:] == ["beat", "b: done", "beat"]
    assert "a failed" in sentences[0]
    assert "the disk is full" in sentences[0]


def test_a_foreseen_error_takes_one_line_and_a_bug_its_trace() -> None:
    """Broken: each restart of the server fills the log with traces that tell nothing."""

    def finds_no_server(now: float) -> list[str]:
        """Be a job that needs a server."""
        del now
        raise SlipwayError("the Prefect API does not answer")

    sentences: list[str] = []
    jobs = [PeriodicJob("a", 1, finds_no_server), PeriodicJob("b", 1, fails)]
    JobLoop(jobs, sentences.append).go(100.0)
    assert sentences[0] == "a failed: the Prefect API does not answer"
    assert "Traceback" in sentences[1]


def test_the_same_fault_is_said_once_a_minute() -> None:
    """A log would fill with one sentence."""
    sentences: list[str] = []
    loop = JobLoop([PeriodicJob("a", 1, fails)], sentences.append)
    for now in range(100, 190):
        loop.go(float(now))
    assert len(sentences) == 2


def test_duties_keep_their_own_pace_whatever_the_time_of_day_does() -> None:
    """An hour set back would stop all jobs for an hour, while the heartbeat goes on."""
    clock = iter((5_000.0, 1_400.0, 99_000.0))
    times: list[float] = []
    beats: list[float] = []

    def note(now: float) -> list[str]:
        """Note the time of day that the job is given."""
        times.append(now)
        return []

    job = PeriodicJob("slow", 10, note, lambda: next(clock))
    loop = JobLoop([job], print, lambda: beats.append(times[-1]))
    for now in range(0, 30, 2):
        loop.go(float(now))
    assert times == [5_000.0, 1_400.0, 99_000.0]
    assert beats == times  # a beat says that something was done


def test_a_lane_that_waits_keeps_no_other() -> None:
    """A server that was stopped kept a dead supervisor from being replaced for half a minute."""
    server_answered, looked, stopping = threading.Event(), threading.Event(), threading.Event()
    heart = JointBeat(2, lambda: None)

    def ask(now: float) -> list[str]:
        """Wait for an answer."""
        del now
        server_answered.wait()
        return []

    def look(now: float) -> list[str]:
        """Look after the supervisor."""
        del now
        looked.set()
        return []

    acts = {"server": ask, "supervisor": look}
    threads = [
        threading.Thread(
            target=JobLoop([PeriodicJob(lane, 0, act)], print, partial(heart.of, lane)).keep_going,
            args=(stopping, 0.01, lambda: True),
        )
        for lane, act in acts.items()
    ]
    for thread in threads:
        thread.start()
    try:
        assert looked.wait(60)
    finally:
        stopping.set()
        server_answered.set()
        for thread in threads:
            thread.join()


def test_lanes_beat_together() -> None:
    """A lane that hangs would never be seen, as long as another one lives."""
    beats: list[int] = []
    heart = JointBeat(2, lambda: beats.append(1))
    heart.of("ledger")
    heart.of("ledger")
    assert beats == []
    heart.of("server")
    assert beats == [1]
    heart.of("server")
    assert beats == [1]


def test_who_may_not_act_still_beats() -> None:
    """A reconciler whose ledger was taken over would be killed again and again."""
    stopping, acts = threading.Event(), list[float]()

    def act(now: float) -> list[str]:
        """Act."""
        acts.append(now)
        return []

    loop = JobLoop([PeriodicJob("a", 0, act)], print, stopping.set)
    loop.keep_going(stopping, 0.01, lambda: False)
    assert acts == []
