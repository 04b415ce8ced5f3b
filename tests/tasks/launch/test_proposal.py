"""An error proposes the command that a source tree plainly says."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tasks.launch.proposal import proposed_command, remedy

FLASK = "from flask import Flask\n\napp = Flask(__name__)\n"
PACKAGE = {"name": "x", "main": "server.js"}


@pytest.mark.parametrize(
    ("files", "command"),
    [
        ({}, ""),
        ({"manage.py": ""}, "python manage.py runserver --noreload {{ host }}:{{ port }}"),
        (
            {"shop/main.py": "import fastapi\napi: Any = fastapi.FastAPI(title='x')\n"},
            "uvicorn shop.main:api --host {{ host }} --port {{ port }}",
        ),
        (
            {"src/shop/__init__.py": FLASK, "src/shop/other.py": FLASK},
            "flask --app shop:app run --host {{ host }} --port {{ port }}",
        ),
        ({"tests/test_x.py": FLASK, "test_y.py": FLASK}, ""),
        (
            {"pyproject.toml": "[project]\nname = 'x'\n[project.scripts]\nserve-x = 'x:main'\n"},
            "serve-x (with what makes it listen on {{ host }}:{{ port }})",
        ),
        ({"package.json": json.dumps(PACKAGE), "server.js": ""}, "node server.js (it has to listen on $PORT)"),
        ({"package.json": '{"bin": {"x": "cli.js"}}', "cli.js": ""}, "node cli.js (it has to listen on $PORT)"),
        ({"Dockerfile": 'FROM x\nCMD ["serve", "--port", "80"]\n'}, "serve --port 80"),
        ({"Dockerfile": "FROM x\nCMD serve -p 80\n"}, "serve -p 80"),
        ({"Dockerfile": 'FROM x\nCMD serve\nENTRYPOINT ["/entry.sh"]\n'}, "serve"),
        ({"Dockerfile": "FROM x\nCMD []\nENTRYPOINT /entry.sh\n"}, ""),
        ({"package.json": "{,}"}, ""),
    ],
)  # fmt: skip
def test_what_is_proposed(tmp_path: Path, files: dict[str, str], command: str) -> None:
    """Broken: whoever has a common project has to find out how it is started here."""
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert proposed_command(tmp_path) == command
    assert remedy(tmp_path).endswith(command) if command else "e.g. " in remedy(tmp_path)


@pytest.mark.parametrize(
    ("files", "example"),
    [
        ({"package.json": '{"scripts": {"dev": "vite", "preview": "vite preview"}}'}, "npm run preview -- "),
        ({"package.json": '{"scripts": {"dev": "vite"}}'}, "npm run dev -- "),
        ({"package.json": "{}"}, "node server.js"),
        ({"package.json": "{}", "requirements.txt": ""}, "gunicorn "),
        ({"x.py": ""}, "gunicorn "),
        ({}, "<program> --host "),
    ],
)  # fmt: skip
def test_the_example_fits_to_the_language(
    tmp_path: Path, files: dict[str, str], example: str
) -> None:
    """Broken: a project of Node is told to start a server of Python."""
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    assert f"e.g. {example}" in remedy(tmp_path)
