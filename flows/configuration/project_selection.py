"""Which projects a run is about: one by its name, or several by names, globs and tags; pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from blocks.parameter import INSTEAD_OF, NEEDED
from tasks.errors import BadInputError, NotFoundError

_TAG = "tag:"
_WILD = frozenset("*?")
_REMEDY = "Write the name of a project, a glob such as web-*, or a tag such as tag:team-a."


def refuse_unclear(project: str, projects: Sequence[str] | None, *, needed: bool = True) -> None:
    """Refuse one project beside several, and neither where one is ``needed``.

    Raises:
        BadInputError: It names the parameter.
    """
    if project and projects:
        problem = "is given together with project"
        raise BadInputError("projects", list(projects), problem, "Leave one of the two out.")
    if needed and not (project or projects):
        problem = "is missing, and so is projects"
        remedy = "Name a project, or several under projects."
        raise BadInputError("project", project, problem, remedy)


def unclear(schema: Mapping[str, Any], parameters: Mapping[str, Any]) -> str:
    """Return why ``parameters`` do not say which projects are meant, or ``""`` if they do.

    Args:
        schema: The schema of an operation's parameters, which says whether they have to.
        parameters: Parameters that fit the schema.
    """
    for name, field in schema.get("properties", {}).items():
        if one := field.get(INSTEAD_OF):
            given = parameters.get(one) or "", parameters.get(name)
            try:
                refuse_unclear(*given, needed=bool(field.get(NEEDED)))
            except BadInputError as error:
                return str(error)
    return ""


def selected(entries: Sequence[str], tags: Mapping[str, Collection[str]]) -> list[str]:
    """Return the projects that ``entries`` mean, each once.

    Args:
        entries: Names, globs and tags.
        tags: The tags of every project, by its name.

    Raises:
        NotFoundError: An entry means no project.
    """
    projects: dict[str, None] = {}
    for entry in entries:
        meant = [name for name in sorted(tags) if _is_meant(name, tags[name], entry)]
        if not meant:
            known = _known_tags(tags) if entry.startswith(_TAG) else list(tags)
            raise NotFoundError("projects", entry, known, _REMEDY)
        projects |= dict.fromkeys(meant)
    return list(projects)


def plain_names(entries: Sequence[object]) -> list[str]:
    """Return those of ``entries`` that are names."""
    texts = [each for each in entries if isinstance(each, str) and each]
    return [each for each in texts if not each.startswith(_TAG) and not _WILD & {*each}]


def _is_meant(name: str, tags: Collection[str], entry: str) -> bool:
    if entry.startswith(_TAG):
        return entry.removeprefix(_TAG) in tags
    return fnmatchcase(name, entry)


def _known_tags(tags: Mapping[str, Collection[str]]) -> list[str]:
    return sorted({f"{_TAG}{tag}" for of_project in tags.values() for tag in of_project})
