"""Tests of the failed states of flows: they show the error's message and nothing else."""

from __future__ import annotations

import errno
import inspect
import logging
import shutil
import sqlite3
from pathlib import Path
from typing import Any, Literal

import pytest
from prefect.serializers import JSONSerializer

from blocks.errors import MissingProgramError
from blocks.providers.process.shim_spec import ShimError
from blocks.routers.interface import RouterError
from blocks.workload_spec import StepSpec, StepsWorkload
from flows.run_state.failure import fails_plainly
from tasks.errors import BadInputError, SlipwayError
from tasks.ledger.connection import LedgerError


@fails_plainly
async def _asked(error: Exception | None, strategy: Literal["a", "b"] = "a") -> str:
    """Do as asked."""
    if error is not None:
        raise error
    return strategy


@pytest.mark.parametrize(
    "error",
    [
        BadInputError("project", "shpo", "unknown", "Write shop"),
        MissingProgramError("restic", "apt-get install restic"),
        RouterError("no router answers"),
        ShimError("nothing was started"),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_its_state_says_what_the_error_says(error: Exception) -> None:
    """Broken: the user reads the name of a class before the cause, and a stack trace below it."""
    state: Any = await _asked(error)
    assert state.is_failed()
    assert state.message == str(error)
    with pytest.raises(SlipwayError) as raised:
        await state.aresult()
    # As it is read from a file of JSON, which names its class and its message alone.
    assert str(type(raised.value)(state.message)) == str(error)


async def test_a_full_disk_is_told_with_its_file_system(tmp_path: Path) -> None:
    """Broken: who has no room left reads the name of an exception, and looks for a defect."""
    file = str(tmp_path / "copy")
    state: Any = await _asked(OSError(errno.ENOSPC, "No space left on device", file))
    assert state.is_failed()
    assert state.message.startswith(f"No space left on device: {file}. No room is left on the file")
    assert "Make room there" in state.message
    with pytest.raises(FileNotFoundError):
        await _asked(FileNotFoundError(errno.ENOENT, "No such file or directory", file))


@pytest.mark.parametrize(
    "error",
    [
        LedgerError("the ledger failed: database or disk is full"),
        sqlite3.OperationalError("database or disk is full"),
        BadInputError("source", "x", "git said: No space left on device", "Clone it again"),
        shutil.Error([("a", "b", "[Errno 28] No space left on device: 'b'")]),
    ],
    ids=lambda error: type(error).__name__,
)
async def test_whoever_tells_of_a_full_disk_it_is_named(error: Exception) -> None:
    """Broken: a deploy ends with `database or disk is full`, and nobody says of which disk."""
    state: Any = await _asked(error)
    assert state.message.startswith(str(error).rstrip("."))
    assert state.message.count("No room is left on the file system at /") == 1
    assert "Make room there, or enlarge it, and start this again." in state.message


async def test_a_bug_is_left_to_prefect() -> None:
    """Broken: a defect of ours looks like a mistake of the user, and its stack trace is lost."""
    with pytest.raises(ZeroDivisionError):
        await _asked(ZeroDivisionError())


@pytest.mark.parametrize("text", ["/srv/a\0b", "\ud800"], ids=["a NUL", "half a character"])
async def test_text_that_no_file_or_command_can_hold_is_refused_with_its_parameter(
    text: str,
) -> None:
    """Broken: a NUL in the `target` of a restore ends with `ValueError: embedded null byte`."""

    @fails_plainly
    async def use(project: str, target: str = "", workload: object = None) -> Any:
        """Do nothing; it is not called."""
        pytest.fail(f"called with {project}, {target}, {workload}")

    parameters: dict[str, dict[str, Any]] = {
        "target": {"target": text},
        "workload.paths.1": {"workload": {"paths": ["tests", text]}},
        "workload.steps.0.run": {"workload": StepsWorkload(steps=[StepSpec(id="a", run=text)])},
        "workload.variables": {"workload": {"variables": {text: "x"}}},
    }
    for field, value in parameters.items():
        state = await use("shop", **value)
        assert state.message.startswith(f"{field}: holds ")
        assert "Leave it out" in state.message
        assert state.message.isprintable()


async def test_what_succeeds_is_untouched() -> None:
    """Broken: every flow returns something else than it says."""
    assert await _asked(None, "b") == "b"


def test_its_form_stays() -> None:
    """Broken: Prefect resolves the types of the parameters in another module, and finds none."""
    form = inspect.signature(_asked)
    assert list(form.parameters) == ["error", "strategy"]
    assert form.parameters["strategy"].annotation == Literal["a", "b"]


@pytest.mark.parametrize(
    ("error", "traced_at"),
    [
        (BadInputError("project", "shpo", "unknown", "Write shop"), "DEBUG"),
        (KeyError("a"), "ERROR"),
    ],
    ids=["foreseen", "a bug"],
)
async def test_the_stack_trace_of_a_foreseen_error_is_there_once_at_debug(
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception,
    traced_at: str,
) -> None:
    """Broken: who mistypes a name reads fifty lines of Prefect; or nobody can see them any more."""
    logger = logging.getLogger("prefect.task_runs")
    logger.addHandler(caplog.handler)
    caplog.set_level("DEBUG", logger="prefect.task_runs")
    monkeypatch.setattr(logger, "disabled", False)
    await _asked(None)
    try:
        raise error
    except (BadInputError, KeyError):
        logger.exception("Task run failed")
    finally:
        logger.removeHandler(caplog.handler)
    traced = {r.levelname for r in caplog.records if r.exc_info or r.exc_text}
    assert traced == {traced_at}
    assert "Task run failed" in {record.getMessage() for record in caplog.records}


@pytest.mark.parametrize("module", ["tasks.errors", "blocks.errors"])
def test_an_error_that_was_kept_is_raised_again(module: str) -> None:
    """Broken: the result of a run that failed before an upgrade cannot be read after it."""
    serializer = JSONSerializer()
    kept = serializer.dumps(SlipwayError("no router answers")).decode()
    assert '"blocks.errors.SlipwayError"' in kept
    read = serializer.loads(kept.replace("blocks.errors", module).encode())
    assert type(read) is SlipwayError
    assert str(read) == "no router answers"


async def test_a_failed_state_that_a_task_returns_is_logged_once() -> None:
    """Broken: the log of a run on ten projects shows each failure twice, below `NoneType: None`."""
    await _asked(None)
    logger = logging.getLogger("prefect.task_runs")
    fields = {
        "msg": "Task run failed with state: Failed('x')",
        "levelno": 40,
        "exc_info": (None, None, None),
    }
    assert not logger.filter(logging.makeLogRecord(fields))
    assert logger.filter(logging.makeLogRecord(fields | {"msg": "Finished in state Failed"}))
