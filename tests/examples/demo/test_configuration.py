"""The `slipway.yaml` of the demo, and that of the example."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from examples.demo.configuration import ENVIRONMENT, SERVICE, WORKLOAD, write
from examples.demo.subject import SUBJECTS, Subject
from tasks.configuration import read_configuration

EXAMPLE = Path(__file__).parents[3] / "examples" / "guestbook" / "slipway.yaml"


@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=lambda subject: subject.name)
def test_slipway_reads_it(subject: Subject, tmp_path: Path) -> None:
    """`configure` would refuse the demo."""
    read = read_configuration(write(subject, tmp_path), environ={})
    project = read.projects[subject.name]
    assert project.source == str(tmp_path / subject.source)
    assert project.services[SERVICE].health_path == subject.health_path
    assert "{{ port }}" in project.services[SERVICE].command
    assert WORKLOAD in project.workloads
    assert project.repository in read.repositories
    assert ENVIRONMENT in read.environments


def test_only_the_owner_may_read_the_password(tmp_path: Path) -> None:
    """Anybody on the machine could read the backups."""
    path = write(SUBJECTS["guestbook"], tmp_path)
    for private in (path, tmp_path / "password"):
        assert stat.S_IMODE(private.stat().st_mode) == 0o600


def test_the_password_stays(tmp_path: Path) -> None:
    """The second demo could not open the backups of the first."""
    subject = SUBJECTS["guestbook"]
    assert write(subject, tmp_path).read_text() == write(subject, tmp_path).read_text()


def test_there_is_something_to_back_up(tmp_path: Path) -> None:
    """A project without data of its own would have nothing to restore."""
    read = read_configuration(write(SUBJECTS["httpbin"], tmp_path), environ={})
    (folder,) = read.projects["httpbin"].data
    assert (Path(folder) / "note.txt").read_text()


def test_the_example_is_valid() -> None:
    """What the README tells people to copy would be refused."""
    read = read_configuration(EXAMPLE, environ={"GUESTBOOK_BACKUP_PASSWORD": "of a test"})
    assert Path(read.projects["guestbook"].source) == EXAMPLE.parent
    assert read.repositories["local"]["password"] == "of a test"
    assert read.environments["prod"].inherits == "dev"
