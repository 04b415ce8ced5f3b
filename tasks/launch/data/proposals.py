"""Proposals for `data`: what a project keeps in its own folder by its framework's defaults."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path, PurePosixPath

_IN_BASE = r"(?:str\(\s*)?(?:BASE_DIR\s*/\s*|os\.path\.join\(\s*BASE_DIR\s*,\s*)[\"']([^\"']+)[\"']"
_DJANGO_DATABASE = re.compile(rf"[\"']NAME[\"']\s*:\s*{_IN_BASE}")
_DJANGO_MEDIA = re.compile(rf"^MEDIA_ROOT\s*=\s*{_IN_BASE}", re.MULTILINE)
_JSON_SERVER = re.compile(r"\bjson-server\b(.*)")
_TAKES_A_FILE = frozenset({"--routes", "-r", "--middlewares", "-m", "--config", "-c"})
_RELATIVE_SQLITE = re.compile(r"\bsqlite(?:\+\w+)?:///(?!/)([^\s\"'?{}]+)")
_UPLOADS = ("media", "upload", "uploads")
_SETTINGS = ("*/settings*.py", "*/settings/*.py", "*/*/settings*.py")
_MAX_FILES = 20


@dataclass(frozen=True, slots=True)
class Proposal:
    """A path inside the project's folder, and why data lies there."""

    path: str
    why: str


def proposals(
    source: Path, commands: Iterable[str], variables: Mapping[str, str], data: Sequence[str]
) -> list[Proposal]:
    """Return the paths that should be named under `data` and are not, each once.

    Args:
        source: The source tree.
        commands: The commands of its services.
        variables: The variables of its environment.
        data: ``ProjectSpec.data``: the paths that are named already.
    """
    named = [PurePosixPath(path) for path in data]
    proposed: dict[str, Proposal] = {}
    for proposal in (
        *_of_django(source),
        *_of_json_server(source, commands),
        *_of_variables(source, commands, variables),
        *_of_uploads(source),
    ):
        path = PurePosixPath(proposal.path)
        if ".." in path.parts or path.is_absolute():
            continue
        if not any(path == other or other in path.parents for other in named):
            proposed.setdefault(str(path), Proposal(str(path), proposal.why))
    return list(proposed.values())


def proposal_sentence(project: str, proposed: Sequence[Proposal], data: Sequence[str]) -> str:
    """Return a sentence on what to write; ``data`` are the paths that are named already."""
    reasons = "; ".join(f"{proposal.path} ({proposal.why})" for proposal in proposed)
    line = ", ".join([*data, *(proposal.path for proposal in proposed)])
    return (
        f"{project} keeps data in its own folder, which goes with each release: {reasons}. Write "
        f"`data: [{line}]` under projects.{project} in slipway.yaml and run `configure`: then it is "
        "kept, carried over and backed up. If it is not data, write `stateless: true`."
    )


def _of_django(source: Path) -> Iterator[Proposal]:
    if not (source / "manage.py").is_file():
        return
    files = (path for pattern in _SETTINGS for path in sorted(source.glob(pattern)))
    for file in islice(files, _MAX_FILES):
        text, where = _text(file), f"as {file.relative_to(source)} says"
        if "sqlite3" in text:
            yield from (Proposal(path, where) for path in _DJANGO_DATABASE.findall(text))
        yield from (Proposal(path, where) for path in _DJANGO_MEDIA.findall(text))


def _of_json_server(source: Path, commands: Iterable[str]) -> Iterator[Proposal]:
    for command in (*commands, *_scripts(source)):
        if call := _JSON_SERVER.search(command):
            words = call[1].split()
            preceding = ["", *words]
            for word, previous in zip(words, preceding, strict=False):
                if word.endswith(".json") and previous not in _TAKES_A_FILE:
                    yield Proposal(word, "json-server writes to it")


def _of_variables(
    source: Path, commands: Iterable[str], variables: Mapping[str, str]
) -> Iterator[Proposal]:
    texts = {f"the variable {name}": value for name, value in variables.items()}
    texts |= {f"`{command}`": command for command in commands}
    texts[".env"] = _text(source / ".env")
    for where, text in texts.items():
        for path in _RELATIVE_SQLITE.findall(text):
            yield Proposal(path, f"an SQLite database, as {where} says")


def _of_uploads(source: Path) -> Iterator[Proposal]:
    for name in _UPLOADS:
        if (source / name).is_dir():
            yield Proposal(name, "a folder of uploads, by its name")


def _scripts(source: Path) -> list[str]:
    try:
        manifest = json.loads(_text(source / "package.json") or "{}")
    except (ValueError, RecursionError):
        return []  # the build reports it
    scripts = manifest.get("scripts") if isinstance(manifest, dict) else None
    return [str(text) for text in scripts.values()] if isinstance(scripts, dict) else []


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8", errors="replace")
    except OSError:
        return ""
