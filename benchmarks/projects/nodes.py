"""Node projects, made by npm, pnpm, yarn and the generator of Express."""

from __future__ import annotations

import json

import benchmarks.projects.applications as written
from benchmarks.projects.foreign import noting
from benchmarks.projects.subject import Answer, Change, Keys, Record, Source, Subject, Suite
from benchmarks.projects.workshop import Workshop

PNPM = "pnpm@9.15.9"
YARN = "yarn@1.22.22"
_IGNORED = "node_modules/\nnotes.txt\n"
_VERSIONS = Answer("version=1", "version=2")
_TESTED: Keys = {"kind": "steps", "steps": [{"id": "test", "run": "npm test"}]}


def _tagged(workshop: Workshop, files: tuple[str, ...], old: str, new: str) -> Source:
    """Commit the project as v1, and as v2 with another text in ``files``."""
    workshop.write({".gitignore": _IGNORED})
    workshop.commit("v1")
    for file in files:
        workshop.replace(file, old, new)
    workshop.commit("v2")
    workshop.clean()
    return Source(str(workshop.project), "v1", "v2")


def _manifest(workshop: Workshop, **keys: object) -> None:
    """Lay ``keys`` over the package.json of the project."""
    path = workshop.project / "package.json"
    manifest = {**json.loads(path.read_text(encoding="utf-8")), **keys}
    path.write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _json_server(workshop: Workshop) -> Source:
    workshop.run("npm", "init", "--yes")
    workshop.run("npm", "install", "--silent", "json-server@0.17.4")
    _manifest(workshop, scripts={"start": "json-server --port $PORT db.json"})
    workshop.write(
        {
            "db.json": '{"notes": [{"id": 1, "title": "first"}]}\n',
            "public/index.html": "version=1",
            "other/index.html": "version=1 other",
        }
    )
    return _tagged(workshop, ("public/index.html", "other/index.html"), "version=1", "version=2")


JSON_SERVER = Subject(
    name="mockapi",
    origin="npm init, json-server, package-lock",
    prepare=_json_server,
    answer=_VERSIONS,
    by_hand={"services": {"web": {"command": "json-server --port {{ port }} db.json"}}},
    suite=Suite(noting("json-server --version"), 1),
    change=Change(
        "version=1 other",
        {"services": {"web": {"command": "json-server --port {{ port }} --static other db.json"}}},
    ),
    record=Record(
        "/notes", '{"title": "{token}"}', data="db.json", content_type="application/json"
    ),
)


def _express(workshop: Workshop) -> Source:
    workshop.run("npx", "--yes", "express-generator@4.16.1", "--no-view", ".")
    workshop.replace("routes/users.js", "'respond with a resource'", "process.env.GREETING || '?'")
    return _tagged(workshop, ("public/index.html",), "Welcome to Express", "Welcome to Slipway")


EXPRESS = Subject(
    name="expressive",
    origin="express-generator, no lock file",
    prepare=_express,
    answer=Answer("Welcome to Express", "Welcome to Slipway"),
    suite=Suite(noting("node --check app.js"), 1),
    change=Change("expressive", variables={"GREETING": "expressive"}, path="/users"),
)


def _server(workshop: Workshop, manager: str, lock: str) -> Source:
    """Make a project whose lock holds an older release than its manifest permits."""
    workshop.run("npm", "init", "--yes")
    scripts = {"start": "node server.js", "test": "node --test"}
    _manifest(workshop, packageManager=manager, scripts=scripts)
    workshop.run("npx", "--yes", manager, "add", "ms@2.1.2")
    _manifest(workshop, dependencies={"ms": "^2.1.0"})
    workshop.replace(lock, "specifier: 2.1.2" if "pnpm" in lock else "ms@2.1.2:", _loosened(lock))
    version = 'ms=${require("ms/package.json").version}'
    source = written.NODE.replace("version=${VERSION} ", f"version=${{VERSION}} {version} ")
    workshop.write({"server.js": source, "test/hour.test.js": written.NODE_TEST})
    return _tagged(workshop, ("server.js",), 'VERSION = "1"', 'VERSION = "2"')


def _loosened(lock: str) -> str:
    return "specifier: ^2.1.0" if "pnpm" in lock else "ms@^2.1.0:"


PNPM_PROJECT = Subject(
    name="pnpmshop",
    origin="pnpm, pnpm-lock.yaml, packageManager",
    prepare=lambda workshop: _server(workshop, PNPM, "pnpm-lock.yaml"),
    answer=Answer("version=1 ms=2.1.2", "version=2 ms=2.1.2"),
    suite=Suite(_TESTED, 1),
    change=Change(
        "greeting=pnpmshop",
        variables={"GREETING": "pnpmshop", "NOTES": "{{ data }}/notes.txt"},
    ),
    record=Record("/notes", "{token}"),
)

YARN_PROJECT = Subject(
    name="yarnshop",
    origin="yarn, yarn.lock",
    prepare=lambda workshop: _server(workshop, YARN, "yarn.lock"),
    answer=Answer("version=1 ms=2.1.2", "version=2 ms=2.1.2"),
    suite=Suite(_TESTED, 1),
    change=Change(
        "greeting=yarnshop",
        {"services": {"web": {"command": "env GREETING=yarnshop node server.js"}}},
    ),
    record=Record("/notes", "{token}", data="notes.txt"),
)
