"""The sources of a project's backup: its data folder and the folders that it names."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tasks.errors import BadInputError
from tasks.roots import real_path

DATA = "data"


@dataclass(frozen=True, slots=True)
class Source:
    """A folder to back up; in a restored copy it is called ``name``."""

    name: str
    path: Path


def full_paths(folders: Iterable[str]) -> list[Path]:
    """Return the ``folders`` outside of a project's own: full paths, or paths from a home."""
    outside = [folder for folder in folders if folder.startswith(("/", "~"))]
    # The home of an unknown user is not an error here: such a path stays as it is.
    return [Path(os.path.expanduser(folder)) for folder in outside]  # noqa: PTH111


def project_sources(project: str, data: Path, folders: Iterable[str]) -> tuple[Source, ...]:
    """Return the data folder and those of ``folders`` that are full paths.

    Relative ones are inside the project's own folder: they are kept in the data folder. A folder
    inside another source is covered by that source, and left out as well.

    Args:
        project: Its name.
        data: The project's data folder in this environment.
        folders: ``ProjectSpec.data``.

    Raises:
        BadInputError: One is a path that cannot be followed.
    """
    sources = [Source(DATA, data.resolve())]
    for folder in full_paths(sorted(folders)):
        path = real_path(_field(project), folder)
        if any(path.is_relative_to(source.path) for source in sources):
            continue
        sources.append(Source(_free_name(path.name, [source.name for source in sources]), path))
    return tuple(sources)


def check_sources(
    project: str, sources: Sequence[Source], kept_apart: Iterable[tuple[str, Path | None]]
) -> None:
    """Refuse folders that cannot be backed up.

    Args:
        project: Name of the project.
        sources: The folders.
        kept_apart: Pairs of (what it is, folder) that may not lie inside a source, e.g. the
            repository, which would be backed up into itself.

    Raises:
        BadInputError: A folder is absent, not a folder, unreadable, or holds one of those.
    """
    field = _field(project)
    for source in sources:
        path, path_text = source.path, str(source.path)
        if not path.is_dir():
            problem = "is not a folder" if path.exists() else "no such folder"
            raise BadInputError(field, path_text, problem, "Create it, or take it out")
        if not os.access(path, os.R_OK | os.X_OK):
            remedy = f"Make it readable: chmod u+rx {path_text}"
            raise BadInputError(field, path_text, "cannot be read", remedy)
        for description, folder in kept_apart:
            if folder is not None and folder.resolve().is_relative_to(path):
                problem, remedy = (
                    f"holds the {description} ({folder})",
                    f"Move the {description} elsewhere",
                )
                raise BadInputError(field, path_text, problem, remedy)


def hold_anything(sources: Sequence[Source]) -> bool:
    """Tell whether there is anything to back up: a file or folder in any of them."""
    return any(source.path.is_dir() and any(source.path.iterdir()) for source in sources)


def locate(sources: Sequence[Source], path: str) -> Path:
    """Return where ``path`` (``<source name>/<relative>``) is."""
    name, _, below = path.partition("/")
    return next(source.path for source in sources if source.name == name) / below


def _field(project: str) -> str:
    return f"projects.{project}.data"


def _free_name(name: str, taken: Sequence[str]) -> str:
    """Return ``name``, numbered where that name is taken."""
    name = name or "root"
    candidates = [name, *(f"{name}-{number}" for number in range(2, len(taken) + 3))]
    return next(candidate for candidate in candidates if candidate not in taken)
