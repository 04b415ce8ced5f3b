"""The decisions of the Prefect tasks: how often, after what delay, and whether to retry."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prefect.states import Failed

from blocks.providers.interface import Outcome
from tasks.distribute.dispatch import task
from tasks.distribute.dispatch.results import RefusedError, StepFailedError
from tasks.distribute.dispatch.task import SubmitByPrefect, retry_delays, worth_retrying
from tasks.errors import BadInputError, StaleFenceError
from tasks.workload import Step
from tests.tasks.planning.fakes import BAD, GOOD


def test_waits_double_up_to_a_cap() -> None:
    """Prefect would hammer what is down, or wait for days before the last try."""
    step = Step("a", ("x",), Path("/"), "a", retries=4, retry_delay_seconds=100)
    assert retry_delays(step) == [100, 200, 400, 600]


def test_what_failed_before_a_kill_uses_up_retries() -> None:
    """Each kill of a run would grant a step all its retries again."""
    step = Step("a", ("x",), Path("/"), "a", retries=4, retry_delay_seconds=100)
    assert retry_delays(step, 1) == [200, 400, 600]
    assert retry_delays(step, 5) == []


@pytest.mark.parametrize(("failed", "retries"), [({}, 2), ({"a": 1, "b": 2}, 1), ({"a": 9}, 0)])
async def test_a_task_run_has_the_retries_that_are_left(
    failed: dict[str, int], retries: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The count of former failures would be known, and not be used."""
    given_retries: list[int] = []

    class Configurable:
        """Stands for the task: notes its options, and runs nothing."""

        def with_options(self, *, retries: int, retry_delay_seconds: list[float]) -> object:
            """Note them."""
            assert len(retry_delay_seconds) == retries
            given_retries.append(retries)
            return self.run

        async def run(self, *_: object, **_options: object) -> object:
            """Succeed."""
            return GOOD

    async def attempt() -> Outcome:
        """Succeed."""
        return GOOD

    monkeypatch.setattr(task, "run_step", Configurable())
    submit = SubmitByPrefect(failed=failed)
    assert await submit(Step("a", ("x",), Path("/"), "a", retries=2), attempt) == GOOD
    assert given_retries == [retries]


@pytest.mark.parametrize(
    ("error", "again"),
    [
        (StepFailedError("a", BAD), True),
        (ConnectionError("gone for a moment"), True),
        (RefusedError("too large"), False),
        (BadInputError("field", 1, "wrong", "Mend it"), False),
        (StaleFenceError("taken over"), False),
    ],
)
def test_only_what_may_help_is_tried_again(error: Exception, again: bool) -> None:
    """A time-out would not be retried, or bad input be retried for minutes."""
    unused: Any = None
    assert asyncio.run(worth_retrying(unused, unused, Failed(data=error))) is again


def test_a_step_without_room_names_the_file_system(tmp_path: Path) -> None:
    """Broken: whoever is called at night looks for a defect of the step."""
    tail = f"tar: {tmp_path}/x: Cannot write: No space left on device\ntar: Exiting"
    error = StepFailedError("pack", BAD, tail)
    for message in (str(error), error.brief):
        assert "No space left on device" in message
        assert "No room is left on the file system at /" in message
    assert "file system" not in str(StepFailedError("pack", BAD, "tar: Exiting"))
