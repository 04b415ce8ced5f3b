"""Procfiles are read line by line, and a mistake in one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from tasks.errors import BadInputError
from tasks.launch.kinds.procfile import ProcfileKind, parse, procfile_services
from tasks.launch.variables import render


def test_lines_are_names_and_commands() -> None:
    """Broken: a comment or a colon in a command would break a Procfile."""
    text = "# processes\n\nweb: serve --bind 0:80 \nmy_worker-2:work\n"
    assert parse(text) == {"web": "serve --bind 0:80", "my_worker-2": "work"}


@pytest.mark.parametrize("text", ["web serve", "web:", "web: a\nweb: b"])
def test_a_mistake_is_named_with_its_line(text: str) -> None:
    """Broken: a service would be missing without a word."""
    with pytest.raises(BadInputError, match=r"^Procfile:\d+: "):
        parse(text)


def test_requirements_have_nowhere_to_go(tmp_path: Path) -> None:
    """Broken: what was asked for would silently not be installed."""
    with pytest.raises(BadInputError, match="has no environment"):
        ProcfileKind().build(tmp_path, ["gunicorn"])


def test_a_procfile_is_no_template(tmp_path: Path) -> None:
    """Broken: `{{.State}}` is refused, or filled in, where every platform takes it as it is."""
    (tmp_path / "Procfile").write_text(
        "web: serve --format {{.State}} ${#list[@]} $PORT\nworker.high: work {{ port }}\n"
    )
    services = procfile_services(tmp_path)
    commands = {name: render("f", service.command, {}) for name, service in services.items()}
    assert commands == {
        "web": "serve --format {{.State}} ${#list[@]} $PORT",
        "worker.high": "work {{ port }}",
    }
