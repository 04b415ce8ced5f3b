"""A run whose process was killed says so, and what becomes of what it had begun."""

from __future__ import annotations

import pytest

from stack.worker.exit_message import exit_message, exit_status


@pytest.mark.parametrize(
    ("status", "how"),
    [
        (-9, "Its process was ended by SIGKILL. "),
        (137, "Its process was ended by SIGKILL. "),
        (3, "Its process ended with exit code 3. "),
        (255, "Its process ended with exit code 255. "),
    ],
)
def test_how_it_ended_is_said(status: int, how: str) -> None:
    """Broken: a run that somebody killed is said to have used too much memory."""
    assert exit_message(status, "backup") == f"{how}Start it again."


def test_what_it_leaves_is_said() -> None:
    """Broken: nobody knows whether a deploy that was killed has moved the traffic."""
    assert "`status` then says which version serves" in exit_message(-9, "deploy")
    assert "repeats no step that has finished" in exit_message(-9, "run")


def test_only_prefects_message_names_a_status() -> None:
    """Broken: our message is lost, or another error is told as the end of a process."""
    assert exit_status("Process exited with status code: -9. Process exited due to") == -9
    assert exit_status("Process exited with status code: 255. ") == 255
    assert exit_status("Flow run could not start: Process exited with status code: 1.") is None
