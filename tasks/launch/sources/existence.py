"""Checks that the source of a project exists, made when it is configured."""

from __future__ import annotations

import re
from pathlib import Path

from blocks.credentials import plain
from blocks.project_spec import ProjectSpec
from blocks.redaction import without_evident_secrets
from tasks.errors import BadInputError, MissingProgramError
from tasks.launch.access import access
from tasks.launch.sources import git
from tasks.launch.sources.checkout import is_checkout
from tasks.launch.sources.repository import commit_of, is_bare, local, refuse_ambiguous_name
from tasks.launch.sources.source import check_source, resolved_version
from tasks.roots import real_path

_PLACEHOLDER = "{version}"
_LIMIT_SECONDS = 20.0
_NO_ANSWER = re.compile(
    r"(?i)could not resolve|timed? ?out|took more than|connection refused|network is unreachable"
    r"|no route to host|temporary failure|failed to connect|connection reset"
)
_COMMIT = re.compile(r"^[0-9a-f]{7,40}$")
_NO_SUCH_REFERENCE = 2


def require_source(project: str, spec: ProjectSpec) -> str:
    """Refuse a source that does not exist; return a warning where that cannot be found out.

    Raises:
        BadInputError: There is no such folder, archive, repository, branch or tag.
    """
    if git.is_git_url(spec.source):
        with access(plain(spec.credentials)):
            return _require_address(project, spec)
    if _PLACEHOLDER in spec.source and not spec.version:
        _require_any_version(project, spec)
        return ""
    version = resolved_version(project, spec, "")
    check_source(project, spec, version)
    path = real_path(f"projects.{project}.source", Path(spec.source))
    if not version or not path.is_dir():
        return ""
    if is_bare(path) or is_checkout(f"projects.{project}.source", path):
        field = f"projects.{project}.version"
        commit_of(field, local(field, path), version)
    return ""


def _require_any_version(project: str, spec: ProjectSpec) -> None:
    """Refuse a pattern that matches no version of the project."""
    path = real_path(f"projects.{project}.source", Path(spec.source))
    fixed = next(above for above in path.parents if _PLACEHOLDER not in str(above))
    pattern = str(path.relative_to(fixed)).replace(_PLACEHOLDER, "*")
    if not any(fixed.glob(pattern)):
        problem, remedy = "there is no version of it", "Check the path around {version}."
        raise BadInputError(f"projects.{project}.source", spec.source, problem, remedy)


def _require_address(project: str, spec: ProjectSpec) -> str:
    field, version = f"projects.{project}.source", spec.version
    if _PLACEHOLDER in spec.source and not version:
        return ""
    url = spec.source.replace(_PLACEHOLDER, resolved_version(project, spec, ""))
    names = [] if not version or _COMMIT.match(version) else _patterns(version)
    try:
        arguments = ("ls-remote", "--exit-code", "--quiet", "--", url, *names)
        answer = git.ask(*arguments, limit_seconds=_LIMIT_SECONDS, online=True)
    except MissingProgramError as error:
        return f"{field} was not checked: {error}"
    if answer.code == 0 and names:
        _refuse_two(f"projects.{project}.version", version, answer.line)
    if answer.code == 0 or (answer.code == _NO_SUCH_REFERENCE and not names):  # an empty one
        return ""
    if answer.code == _NO_SUCH_REFERENCE:
        problem = f"{without_evident_secrets(url)} has no branch or tag of that name"
        raise BadInputError(f"projects.{project}.version", version, problem, "Name one it has.")
    if _NO_ANSWER.search(answer.error_text):
        error_text = " ".join(without_evident_secrets(answer.error_text).split())
        return f"{field} was not checked, as its server does not answer: {error_text[:200]}"
    raise git.refusal(field, url, answer)


def _patterns(version: str) -> list[str]:
    """Return the patterns that ask a server for that name, and for the commits of its tags."""
    return [version, f"refs/*/{version}", f"refs/tags/{version}^{{}}"]


def _refuse_two(field: str, version: str, listed: str) -> None:
    """Refuse a name under which a server lists a tag and a branch of different commits."""
    commits = {name: commit for commit, name in map(str.split, listed.splitlines())}
    tag = f"refs/tags/{version}"
    tagged = commits.get(f"{tag}^{{}}") or commits.get(tag, "")
    refuse_ambiguous_name(field, version, tagged, commits.get(f"refs/heads/{version}", ""))
