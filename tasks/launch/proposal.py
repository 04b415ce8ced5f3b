"""The start command that a source tree suggests: proposed in an error, never run on its own."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

from tasks.errors import SlipwayError
from tasks.launch.kinds.manifest import package_json, pyproject
from tasks.text import read_text

_ANY = "<program> --host {{ host }} --port {{ port }}"
_PYTHON = "gunicorn app:app --bind {{ host }}:{{ port }}"
_NODE = "node server.js (it has to listen on $PORT)"
_SERVING_SCRIPTS = ("serve", "preview", "dev")
_HINTS_AT_PYTHON = ("pyproject.toml", "setup.*", "requirements*.txt", "Pipfile", "*.py", "*/*.py")
_CONTAINERS = (
    "Dockerfile",
    "Containerfile",
    "compose.yaml",
    "compose.yml",
    "docker-compose.yaml",
    "docker-compose.yml",
)
_APPLICATION = re.compile(
    r"^(\w+)\s*(?::[^=\n]+)?=\s*(?:\w+\.)*(FastAPI|Starlette|Litestar|Quart|Flask)\(", re.MULTILINE
)
_START_COMMANDS = {
    "Flask": "flask --app {module}:{name} run --host {{{{ host }}}} --port {{{{ port }}}}",
    "Quart": "quart --app {module}:{name} run --host {{{{ host }}}} --port {{{{ port }}}}",
}
_ASGI = "uvicorn {module}:{name} --host {{{{ host }}}} --port {{{{ port }}}}"
_CMD = re.compile(r"^\s*(?:CMD|ENTRYPOINT)\s+(\S.*)$", re.MULTILINE | re.IGNORECASE)
_MAX_FILES = 200
_MAX_FILE_BYTES = 200_000


def proposed_command(source: Path) -> str:
    """Return the likeliest start command of ``source``; empty if it suggests none."""
    try:
        return next(_commands(source), "")
    except SlipwayError:  # the build reports a manifest that cannot be read
        return ""


def remedy(source: Path) -> str:
    """Return the remedy where no command is configured."""
    if command := proposed_command(source):
        return f"Write the command there; by its files it could be: {command}"
    without = "leave `services` out and give it `workloads`, if it serves nothing"
    return f"Write the command there, e.g. {_example(source)}; {without}"


def is_node_only(source: Path) -> bool:
    """Tell whether ``source`` is a project of Node, and nothing in it hints at Python."""
    return (source / "package.json").is_file() and not _hints_at_python(source)


def containers(source: Path) -> str:
    """Return a remark where ``source`` has container files, which are not read."""
    names = [name for name in _CONTAINERS if (source / name).is_file()]
    if not names:
        return ""
    return f"; {names[0]} is not read: Slipway runs services as processes, not as containers"


def _example(source: Path) -> str:
    """Return an example command in the language of ``source``."""
    if _hints_at_python(source):
        return _PYTHON
    if not (source / "package.json").is_file():
        return _ANY
    try:
        scripts = package_json(source).get("scripts")
    except SlipwayError:  # the build reports it
        scripts = None
    declared = scripts if isinstance(scripts, dict) else {}
    script = next((name for name in _SERVING_SCRIPTS if name in declared), "")
    return f"npm run {script} -- --host {{{{ host }}}} --port {{{{ port }}}}" if script else _NODE


def _hints_at_python(source: Path) -> bool:
    return any(next(source.glob(pattern), None) for pattern in _HINTS_AT_PYTHON)


def _commands(source: Path) -> Iterator[str]:
    yield from _django(source)
    yield from _applications(source)
    yield from _scripts(source)
    yield from _node(source)
    yield from _image(source)


def _django(source: Path) -> Iterator[str]:
    if (source / "manage.py").is_file():
        yield "python manage.py runserver --noreload {{ host }}:{{ port }}"


def _applications(source: Path) -> Iterator[str]:
    """Yield the commands that serve the web applications which Python files make at their top."""
    roots = [source, source / "src"]
    files = [path for root in roots for path in (*root.glob("*.py"), *root.glob("*/*.py"))]
    for path in sorted(files, key=lambda path: (len(path.parts), path))[:_MAX_FILES]:
        if "test" in path.name or path.stat().st_size > _MAX_FILE_BYTES:
            continue
        text = path.read_text("utf-8", errors="replace")
        if application := _APPLICATION.search(text):
            root = source / "src" if (source / "src") in path.parents else source
            module = ".".join(path.relative_to(root).with_suffix("").parts)
            template = _START_COMMANDS.get(application[2], _ASGI)
            yield template.format(module=module.removesuffix(".__init__"), name=application[1])


def _scripts(source: Path) -> Iterator[str]:
    scripts = pyproject(source).get("project", {}).get("scripts", {})
    if isinstance(scripts, dict) and len(scripts) == 1:
        yield f"{next(iter(scripts))} (with what makes it listen on {{{{ host }}}}:{{{{ port }}}})"


def _node(source: Path) -> Iterator[str]:
    if not (source / "package.json").is_file():
        return
    manifest = package_json(source)
    programs = manifest.get("bin")
    if isinstance(programs, dict) and programs:
        programs = next(iter(programs.values()))
    for file in (manifest.get("main"), programs, "server.js", "index.js"):
        if isinstance(file, str) and (source / file).is_file():
            yield f"node {file} (it has to listen on $PORT)"


def _image(source: Path) -> Iterator[str]:
    """Yield the commands of a Dockerfile, the last first; a full path is inside its container."""
    for name in ("Dockerfile", "Containerfile"):
        if (source / name).is_file():
            for command in reversed(_CMD.findall(read_text("source", source / name))):
                try:
                    words = json.loads(command) if command.startswith("[") else [command]
                except (ValueError, RecursionError):
                    continue
                if not str(words[0] if words else "/").startswith("/"):
                    yield " ".join(map(str, words))
