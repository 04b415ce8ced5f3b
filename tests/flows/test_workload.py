"""What a workload is known by."""

from __future__ import annotations

from pathlib import Path

from blocks.project_spec import ProjectSpec
from blocks.workload_spec import StepSpec, StepsWorkload
from flows.workload import Job
from tasks.launch.target import Target
from tasks.release import Release


def job(command: str) -> Job:
    """Return a workload of one command."""
    target = Target("shop", ProjectSpec(source="."), "dev")
    release = Release("shop", "1", "0123456789ab", Path("/release"), "procfile", 0.0)
    spec = StepsWorkload(steps=[StepSpec(id="one", run=command)])
    return Job(target, release, "inline", spec, {})


def test_only_the_same_steps_are_resumed() -> None:
    """A corrected workload would go on with the steps of the one that was interrupted."""
    assert job("make lint").key == job("make lint").key
    assert job("make lint").key != job("make test").key
