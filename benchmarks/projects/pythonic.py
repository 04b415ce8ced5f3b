"""Python projects, made by the tools that people make them with."""

from __future__ import annotations

import os

import benchmarks.projects.applications as written
from benchmarks.projects.foreign import PYTEST
from benchmarks.projects.subject import Answer, Change, Record, Source, Subject, Suite
from benchmarks.projects.workshop import Workshop

_IGNORED = ".venv/\n__pycache__/\n*.sqlite3\n*.db\nnotes.txt\ninstance/\n"
_VERSIONS = Answer("version=1", "version=2")


def _tagged(workshop: Workshop, file: str) -> Source:
    """Commit the project as v1, and as v2 with another version in ``file``."""
    workshop.write({".gitignore": _IGNORED})
    workshop.commit("v1")
    workshop.replace(file, 'VERSION = "1"', 'VERSION = "2"')
    workshop.commit("v2")
    return Source(str(workshop.project), "v1", "v2")


def _served(command: str) -> dict[str, object]:
    return {"services": {"web": {"command": command}}}


def _flask(workshop: Workshop) -> Source:
    workshop.write(
        {
            "flaskr/__init__.py": written.FLASK,
            "tests/test_flaskr.py": written.FLASK_TEST,
            "requirements.txt": "flask\ngunicorn\npytest\n",
        }
    )
    return _tagged(workshop, "flaskr/__init__.py")


FLASK = Subject(
    name="flaskr",
    origin="Flask tutorial, requirements.txt, Git",
    prepare=_flask,
    answer=_VERSIONS,
    by_hand=_served("gunicorn 'flaskr:create_app()' -b {{ host }}:{{ port }}"),
    suite=Suite(PYTEST, 2),
    change=Change("greeting=flaskr", variables={"GREETING": "flaskr"}),
    record=Record("/notes", "{token}", data="instance"),
)


def _django(workshop: Workshop) -> Source:
    workshop.uv("tool", "run", "--from", "django", "django-admin", "startproject", "mysite", ".")
    workshop.write({"mysite/urls.py": written.DJANGO_URLS, "mysite/tests.py": written.DJANGO_TEST})
    return _tagged(workshop, "mysite/urls.py")


DJANGO = Subject(
    name="mysite",
    origin="django-admin startproject, SQLite",
    prepare=_django,
    answer=_VERSIONS,
    by_hand={
        "kind": "python",
        "requirements": ["django", "gunicorn"],
        "before": "python manage.py migrate --noinput",
        **_served("gunicorn mysite.wsgi -b {{ host }}:{{ port }}"),
    },
    suite=Suite({"kind": "steps", "steps": [{"id": "t", "run": "python manage.py test"}]}, 2),
    change=Change("greeting=mysite", variables={"GREETING": "mysite"}),
    record=Record("/notes", "{token}", data="db.sqlite3"),
)


def _uv(workshop: Workshop) -> Source:
    workshop.uv("init", "--quiet", "--app", "--vcs", "none", "--name", "uvapp", ".")
    workshop.uv("add", "--quiet", "fastapi", "uvicorn", "click==8.1.7")
    workshop.uv("add", "--quiet", "--dev", "pytest", "httpx")
    workshop.replace("pyproject.toml", "click==8.1.7", "click>=8")
    workshop.uv("lock", "--quiet")
    index = "    return f\"version={VERSION} click={metadata.version('click')} "
    application = written.FASTAPI.replace('    return f"version={VERSION} ', index).replace(
        "import sqlite3\n", "import sqlite3\nfrom importlib import metadata\n"
    )
    workshop.write({"main.py": application, "tests/test_main.py": written.FASTAPI_TEST})
    return _tagged(workshop, "main.py")


UV = Subject(
    name="uvapp",
    origin="uv init, uv.lock, FastAPI",
    prepare=_uv,
    answer=Answer("version=1 click=8.1.7 ", "version=2 click=8.1.7 "),
    by_hand=_served("uvicorn main:app --host {{ host }} --port {{ port }}"),
    suite=Suite(PYTEST, 2, {"requirements": ["pytest", "httpx"]}),
    change=Change("greeting=uvapp", variables={"GREETING": "uvapp"}),
    record=Record("/notes", "{token}", data="notes.db"),
)


_INDEX = (
    *("tool", "run", "--quiet", "--from", "pip", "python", "-c"),
    "from pip._internal.models.index import PyPI; print(PyPI.simple_url)",
)
"""Asks pip for its default index."""


def _poetry(workshop: Workshop) -> Source:
    poetry = ["tool", "run", "--quiet", "poetry"]
    workshop.folder.mkdir(parents=True, exist_ok=True)
    workshop.uv(*poetry, "new", "--quiet", "--name", "shopfront", "project", cwd=workshop.folder)
    # By its own default Poetry asks an interface that mirrors do not have.
    index = os.environ.get("UV_DEFAULT_INDEX") or workshop.uv(*_INDEX).strip()
    workshop.uv(*poetry, "source", "add", "--quiet", "--priority=primary", "simple", index)
    workshop.uv(*poetry, "add", "--quiet", "--lock", "gunicorn")
    workshop.uv(*poetry, "add", "--quiet", "--lock", "--group", "test", "pytest")
    workshop.write(
        {
            "src/shopfront/__init__.py": written.WSGI,
            "tests/test_shopfront.py": written.WSGI_TEST.format(module="shopfront"),
        }
    )
    return _tagged(workshop, "src/shopfront/__init__.py")


POETRY = Subject(
    name="shopfront",
    origin="poetry new, poetry.lock",
    prepare=_poetry,
    answer=_VERSIONS,
    by_hand=_served("gunicorn shopfront:application -b {{ host }}:{{ port }}"),
    suite=Suite(PYTEST, 2, {"requirements": ["pytest"]}),
    change=Change(
        "greeting=shopfront",
        _served("env GREETING=shopfront gunicorn shopfront:application -b {{ host }}:{{ port }}"),
    ),
    record=Record("/notes", "{token}", data="notes.txt"),
)


def _src_layout(workshop: Workshop) -> Source:
    workshop.uv("init", "--quiet", "--package", "--vcs", "none", "--name", "srcshop", ".")
    workshop.uv("add", "--quiet", "waitress")
    workshop.uv("add", "--quiet", "--optional", "test", "pytest")
    (workshop.project / "uv.lock").unlink()
    start = "\n\ndef main():\n    print(VERSION)\n"
    workshop.write(
        {
            "src/srcshop/__init__.py": written.WSGI + start,
            "tests/test_srcshop.py": written.WSGI_TEST.format(module="srcshop"),
        }
    )
    return _tagged(workshop, "src/srcshop/__init__.py")


SRC_LAYOUT = Subject(
    name="srcshop",
    origin="src layout, extra with pytest",
    prepare=_src_layout,
    answer=_VERSIONS,
    by_hand=_served("waitress-serve --listen={{ host }}:{{ port }} srcshop:application"),
    suite=Suite(PYTEST, 2, {"requirements": [".[test]"]}),
    change=Change(
        "greeting=srcshop",
        _served(
            "env GREETING=srcshop waitress-serve --listen={{ host }}:{{ port }} srcshop:application"
        ),
    ),
    record=Record("/notes", "{token}", data="notes.txt"),
)

_SETUP = """
[metadata]
name = cfgshop
version = 1.0

[options]
py_modules = cfgshop
install_requires = waitress

[options.extras_require]
test = pytest
"""


def _setup_cfg(workshop: Workshop) -> Source:
    workshop.write(
        {
            "setup.cfg": _SETUP,
            "cfgshop.py": written.WSGI,
            "test_cfgshop.py": written.WSGI_TEST.format(module="cfgshop"),
        }
    )
    return _tagged(workshop, "cfgshop.py")


SETUP_CFG = Subject(
    name="cfgshop",
    origin="setup.cfg only, tests beside the module",
    prepare=_setup_cfg,
    answer=_VERSIONS,
    by_hand=_served("waitress-serve --listen={{ host }}:{{ port }} cfgshop:application"),
    suite=Suite(PYTEST, 2, {"requirements": [".[test]"], "workloads": {"tests": {"paths": ["."]}}}),
    change=Change(
        "greeting=cfgshop",
        variables={"GREETING": "cfgshop", "NOTES": "{{ data }}/notes.txt"},
    ),
    record=Record("/notes", "{token}"),
)

_WORKER = """
import pathlib
import time

while True:
    pathlib.Path("BEATS").write_text(str(time.time()))
    time.sleep(0.5)
"""


def _procfile(workshop: Workshop) -> Source:
    beats, releases = workshop.folder / "beats.txt", workshop.folder / "releases.txt"
    told = (
        'f"released={len(open(RELEASES).readlines())} version={VERSION} '
        "worker={time.time() - float(open(BEATS).read()) < 10} "
    )
    application = written.WSGI.replace('f"version={VERSION} ', told).replace(
        'VERSION = "1"', f'VERSION = "1"\nRELEASES = "{releases}"\nBEATS = "{beats}"'
    )
    test = 'def test_import():\n    assert __import__("procshop").VERSION\n'
    workshop.write(
        {
            "Procfile": (
                f"release: echo $$ >> {releases}\n"
                "web: gunicorn procshop:application --bind 127.0.0.1:$PORT\n"
                "worker: python worker.py\n"
            ),
            "requirements.txt": "gunicorn\npytest\n",
            "procshop.py": application.replace("import os\n", "import os\nimport time\n"),
            "worker.py": _WORKER.replace("BEATS", str(beats)),
            "tests/test_import.py": test,
        }
    )
    return _tagged(workshop, "procshop.py")


PROCFILE = Subject(
    name="procshop",
    origin="Procfile with release, web, worker",
    prepare=_procfile,
    answer=Answer(
        "version=1 worker=True",
        "released=2 version=2 worker=True",
        launched="released=1 version=1 worker=True",
    ),
    suite=Suite(PYTEST, 1),
    change=Change(
        "greeting=procshop",
        variables={"GREETING": "procshop", "NOTES": "{{ data }}/notes.txt"},
    ),
    record=Record("/notes", "{token}"),
)
