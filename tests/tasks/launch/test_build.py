"""A release is whole or not there, built once, and told from every other."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from blocks.project_spec import ProjectSpec
from tasks.errors import BadInputError
from tasks.launch.build import build_release, release_digest, to_prune
from tasks.launch.detection import KINDS
from tasks.launch.kinds.procfile import ProcfileKind
from tasks.release import Release


@pytest.fixture
def spec(tmp_path: Path) -> ProjectSpec:
    """Give a project that is only a Procfile."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source/Procfile").write_text("web: serve\n")
    return ProjectSpec(source=str(tmp_path / "source"))


def test_the_same_is_built_once(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: every launch would install everything again."""
    built = []

    def build(*arguments: object) -> list[str]:
        built.append(arguments)
        return ["nothing was read."]

    monkeypatch.setattr(ProcfileKind, "build", build)
    first = build_release("demo", spec, "", tmp_path / "releases", 1)
    again = build_release("demo", spec, "", tmp_path / "releases", 2)
    assert (first.path, first.digest) == (again.path, again.digest)
    assert len(built) == 1
    assert again.built_from == ["nothing was read."]
    (tmp_path / "source/Procfile").write_text("web: other\n")
    other = build_release("demo", spec, "", tmp_path / "releases", 3)
    assert (other.source / "Procfile").read_text() == "web: other\n"
    assert (first.source / "Procfile").read_text() == "web: serve\n"


def test_a_release_is_on_the_disk_before_it_is_taken_for_one(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: after a power loss a release of empty files is there, and is never built again."""
    visible: list[list[str]] = []

    def note(folder: str) -> None:
        """Note what stands among the releases when one is synchronised."""
        assert (Path(folder) / "source" / "Procfile").exists()
        visible.append([path.name for path in Path(folder).parent.iterdir() if path.name[0] != "."])

    monkeypatch.setattr("tasks.launch.build.sync_tree", note)
    built = build_release("demo", spec, "", tmp_path / "releases", 1)
    assert visible == [[]]
    assert built.path.is_dir()


def test_a_failed_build_leaves_nothing(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: half an environment would be launched the next time."""

    def fail(kind: ProcfileKind, release: Path, requirements: Sequence[str], version: str) -> None:
        (release / "half").touch()
        raise BadInputError("requirements", "x", "fails", "Do not.")

    monkeypatch.setattr(ProcfileKind, "build", fail)
    with pytest.raises(BadInputError):
        build_release("demo", spec, "", tmp_path / "releases", 1)
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [".lock"]


def test_what_is_refused_is_not_built(
    tmp_path: Path, spec: ProjectSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken: after two minutes of building it says that nothing says how it starts."""
    built: list[object] = []
    monkeypatch.setattr(ProcfileKind, "build", lambda *arguments: built.append(arguments))

    def refuse(release: Release) -> None:
        assert (release.source / "Procfile").read_text() == "web: serve\n"
        raise BadInputError("command", "", "is missing", "Write it.")

    with pytest.raises(BadInputError, match="is missing"):
        build_release("demo", spec, "", tmp_path / "releases", 1, judge=refuse)
    assert built == []
    assert [path.name for path in (tmp_path / "releases").iterdir()] == [".lock"]


def test_what_a_killed_builder_left_is_removed(tmp_path: Path, spec: ProjectSpec) -> None:
    """Broken: the disk would fill with unfinished builds."""
    (tmp_path / "releases/.building-dead/source").mkdir(parents=True)
    release = build_release("demo", spec, "", tmp_path / "releases", 1)
    names = {path.name for path in (tmp_path / "releases").iterdir()}
    assert names == {".lock", release.digest}


def test_requirements_and_kind_make_another_release() -> None:
    """Broken: a new requirement would never be installed."""
    digests = {
        release_digest(KINDS[kind], "tree", requirements)
        for kind in ("python", "procfile")
        for requirements in ([], ["a"], ["a", "b"])
    }
    assert len(digests) == 6


def test_the_newest_and_the_used_are_kept() -> None:
    """Broken: a rollback would find nothing to go back to."""
    releases = [Release("p", name, name, Path(name), "python", 0) for name in "edcdba"]
    assert [release.digest for release in to_prune(releases, {"b"}, 3)] == ["a"]


def test_a_release_with_a_name_that_is_not_utf_8_has_a_digest() -> None:
    """Broken: a file whose name is not UTF-8, named under `requirements`, ends the build oddly."""
    names = ["./caf\udce9", "./caf\udce8"]
    assert len({release_digest(KINDS["python"], "tree", [name]) for name in names}) == 2
