"""Projects from PyPI and npm as published, two versions of each, selected by `{version}`."""

from __future__ import annotations

from benchmarks.projects.subject import Answer, Change, Keys, Source, Subject, Suite
from benchmarks.projects.workshop import Workshop

PYTEST: Keys = {"kind": "pytest"}


def sdists(workshop: Workshop, package: str, first: str, second: str) -> Source:
    """Fetch two versions of a package of PyPI."""
    for version in (first, second):
        workshop.sdist(package, version)
    return Source(f"{workshop.folder}/{package}-{{version}}.tar.gz", first, second)


def packs(workshop: Workshop, package: str, first: str, second: str) -> Source:
    """Fetch two versions of a package of npm."""
    for version in (first, second):
        workshop.npm_pack(package, version)
    return Source(f"{workshop.folder}/{package}-{{version}}.tgz", first, second)


def noting(command: str) -> Keys:
    """Return a workload whose only step leaves a trace where its command ends well."""
    run = f'{command} && echo "- passed {command.partition(" ")[0]}" >> "$WITNESS"'
    return {"kind": "steps", "steps": [{"id": "check", "run": run}]}


def _web(command: str, **keys: str) -> Keys:
    return {"services": {"web": {"command": command, **keys}}}


HTTPBIN = Subject(
    name="httpbin",
    origin="PyPI sdist",
    prepare=lambda workshop: sdists(workshop, "httpbin", "0.10.2", "0.10.4"),
    answer=Answer("0.10.2", "0.10.4", "/spec.json"),
    by_hand={
        "requirements": [".[mainapp]"],
        **_web("gunicorn httpbin:app -b {{ host }}:{{ port }}"),
    },
    suite=Suite(PYTEST, 50, {"requirements": [".[mainapp]", "pytest"]}),
    change=Change(
        "Werkzeug", _web("flask --app httpbin run --host {{ host }} --port {{ port }}"), path="/get"
    ),
)


def _pypiserver(workshop: Workshop) -> Source:
    workshop.folder.mkdir(parents=True, exist_ok=True)
    welcome = "a changed welcome of {{VERSION}}"
    (workshop.folder / "welcome.html").write_text(welcome, encoding="utf-8")
    return sdists(workshop, "pypiserver", "2.3.2", "2.4.2")


PYPISERVER = Subject(
    name="pypiserver",
    origin="PyPI sdist",
    prepare=_pypiserver,
    answer=Answer("2.3.2", "2.4.2"),
    by_hand=_web("pypi-server run -i {{ host }} -p {{ port }} {{ data }}"),
    suite=Suite(noting("pypi-server --version"), 1),
    change=Change(
        "a changed welcome",
        _web(
            "pypi-server run -i {{ host }} -p {{ port }} --welcome {folder}/welcome.html {{ data }}"
        ),
    ),
)

HTTP_SERVER = Subject(
    name="http-server",
    origin="npm pack",
    prepare=lambda workshop: packs(workshop, "http-server", "14.1.0", "14.1.1"),
    answer=Answer('"version": "14.1.0"', '"version": "14.1.1"', "/package.json"),
    by_hand=_web("node bin/http-server -a {{ host }} -p {{ port }}"),
    suite=Suite(noting("node bin/http-server --version"), 1),
    change=Change(
        "access-control-allow-origin",
        _web("node bin/http-server -a {{ host }} -p {{ port }} --cors"),
        path="/package.json",
    ),
)


def _library(package: str, first: str, second: str, at_least: int, chosen: str) -> Subject:
    return Subject(
        name=package,
        origin="PyPI sdist, workloads only",
        prepare=lambda workshop: sdists(workshop, package, first, second),
        suite=Suite(PYTEST, at_least, {"requirements": ["pytest"]}),
        change=Change(chosen, {"arguments": ["-k", chosen]}),
    )


ITSDANGEROUS = _library("itsdangerous", "2.1.2", "2.2.0", 100, "test_timed")
CLICK = _library("click", "8.1.7", "8.1.8", 300, "test_options")
