"""A replica gets the command line and environment that were written for it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from blocks.project_spec import ServiceSpec
from tasks.errors import BadInputError
from tasks.launch.instances.command import CommandLine, TemplateContext, command_line
from tasks.release import Release

RELEASE = Release("p", "1.0", "d1g35t", Path("/r"), "python", 0)


def built(
    command: str, port: int | None = 8000, release: Release = RELEASE, **variables: str
) -> CommandLine:
    """Return the command line of a service."""
    return command_line(
        "web",
        ServiceSpec(command=command),
        release,
        TemplateContext("p", "dev", 2, "h", port, Path("/d")),
        inherited={"PATH": "/bin", "HOME": "/me", "HOST": "elsewhere"},
        variables=variables,
        secrets={"TOKEN": "{{ raw }}"},
        programs=[Path("/r/env/bin")],
    )


def test_everything_is_filled_in() -> None:
    """Broken: a service would listen on the wrong port, or lose its data folder."""
    line = built("run {{ host }}:{{ port }} {{ version }}", DB="{{ data }}/{{ replica }}.db")
    assert line.argv == ("sh", "-c", "exec run h:8000 1.0")
    assert line.environment == {
        "PATH": "/r/env/bin:/bin",
        "HOME": "/me",
        "HOST": "h",
        "PORT": "8000",
        "PYTHONUNBUFFERED": "1",
        "DB": "/d/2.db",
        "TOKEN": "{{ raw }}",
    }
    assert "TOKEN" not in repr(line)


@pytest.mark.parametrize("version", ["a;b", "$(b)", "a&b", "`b`", "#1", "a'b"])
def test_a_version_is_never_code(version: str) -> None:
    """Broken: whoever may push a branch runs a program of theirs on this machine."""
    release = replace(RELEASE, version=version)
    with pytest.raises(BadInputError, match=r"services\.web\.command: .* as code"):
        built("run --tag {{ version }}", release=release)
    assert built("run", release=release).argv == ("sh", "-c", "exec run")


def test_a_service_off_the_web_has_no_port() -> None:
    """Broken: a worker would be told a port that is not its own."""
    assert "PORT" not in built("run", port=None).environment
    with pytest.raises(BadInputError, match=r"projects\.p\.services\.web\.command: cannot"):
        built("run {{ port }}", port=None)


def test_the_port_that_is_leased_wins_over_one_of_its_users() -> None:
    """Broken: a service listens where nobody asks it for its health, and never becomes well."""
    assert built("run", PORT="9").environment["PORT"] == "8000"
    assert built("run", port=None, PORT="9").environment["PORT"] == "9"
    assert built("run", HOST="0.0.0.0").environment["HOST"] == "0.0.0.0"  # noqa: S104 - as written


def test_a_path_of_its_user_has_the_programs_of_the_release_before_it() -> None:
    """Broken: whoever adds a folder to PATH loses gunicorn and all else that was installed."""
    assert built("run", PATH="/opt/bin:/bin").environment["PATH"] == "/r/env/bin:/opt/bin:/bin"
