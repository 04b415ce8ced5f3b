"""The duties of the reconciler keep their pace, and none keeps another."""

from __future__ import annotations

from flows.stack.rounds import Duty, Rounds


def fails(now: float) -> list[str]:
    """Be a duty that cannot be done."""
    del now
    raise OSError("the disk is full")


def test_a_failing_duty_does_not_keep_the_others() -> None:
    """One broken part would stop leases from being reaped, or look like a hanging reconciler."""
    said: list[str] = []
    duties = [Duty("a", 1, fails), Duty("b", 1, lambda _: ["done"])]
    rounds = Rounds(duties, said.append, lambda: said.append("beat"))
    rounds.go(100.0)
    assert said[1:] == ["beat", "b: done", "beat"]
    assert "a failed" in said[0]
    assert "the disk is full" in said[0]


def test_the_same_fault_is_said_once_a_minute() -> None:
    """A log would fill with one sentence."""
    said: list[str] = []
    rounds = Rounds([Duty("a", 1, fails)], said.append)
    for now in range(100, 190):
        rounds.go(float(now))
    assert len(said) == 2


def test_duties_keep_their_own_pace_whatever_the_time_of_day_does() -> None:
    """An hour set back would stop all duties for an hour, while the heartbeat goes on."""
    clock = iter((5_000.0, 1_400.0, 99_000.0))
    times: list[float] = []
    beats: list[float] = []

    def note(now: float) -> list[str]:
        """Note the time of day that the duty is given."""
        times.append(now)
        return []

    duty = Duty("slow", 10, note, lambda: next(clock))
    rounds = Rounds([duty], print, lambda: beats.append(times[-1]))
    for now in range(0, 30, 2):
        rounds.go(float(now))
    assert times == [5_000.0, 1_400.0, 99_000.0]
    assert beats == times  # a beat says that something was done
